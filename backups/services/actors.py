from __future__ import annotations

from backups.models import BackupRun
from oobsite.accounts.actors import Actor, system_actor, user_actor


def actor_of_run(run: BackupRun) -> Actor:
    """On whose behalf a run works: who asked for it at a screen, else the system user."""
    return user_actor(run.requested_by) if run.requested_by is not None else system_actor()
