"""``python -m oobsite.settling``: makes a database that came from another machine ready to be used on this one."""

from __future__ import annotations

import json
import os


def settle() -> int:
    """Bring it to the present schema and end what was open. Returns how many secrets no key opens."""
    from allauth.usersessions.models import UserSession
    from django.contrib.sessions.models import Session
    from django.core.cache import cache
    from django.core.management import call_command
    from django.utils import timezone
    from django_q.models import OrmQ

    from backups.models import BackupRun
    from oobsite.accounts.actors import system_actor
    from oobsite.audit.verifying import accept_chain
    from oobsite.rotation import count_unreadable

    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    cache.clear()
    for model in (UserSession, Session, OrmQ):
        model._base_manager.all().delete()
    open_runs = BackupRun.objects.filter(state__in=BackupRun.OPEN_STATES)
    open_runs.update(state=BackupRun.State.INTERRUPTED, ended_at=timezone.now(), progress={})
    accept_chain(system_actor())  # the second record of the audit begins anew with what the database holds
    return count_unreadable()


def main() -> None:
    os.umask(0o007)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oobsite.settings")
    import django

    django.setup()
    print(json.dumps({"unreadable": settle()}))


if __name__ == "__main__":
    main()
