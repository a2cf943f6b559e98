"""The physical way of an SQL restore, for servers before MariaDB 10.6: the whole data folder is exchanged.

The present state, just saved, is unpacked beside the live one; a private server of the same series replaces the
database in it; then it is exchanged, tested and kept as any data folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils import timezone

from backups.domain.errors import ToolMissingError
from backups.domain.job import Job
from backups.domain.lock import pinned
from backups.domain.restore.check import DatadirCheck, check_datadir
from backups.domain.restore.errors import SafetyBackupError
from backups.domain.restore.fill import Filling, fill_datadir
from backups.domain.restore.gates import is_served
from backups.domain.restore.journal import Kind, Phase
from backups.domain.restore.settle import restoring
from backups.domain.restore.stage import Stage
from backups.domain.restore.startup import StartUp, require_started
from backups.domain.restore.swap import Hands, swap_datadir
from backups.domain.sql.loading import Loaded
from backups.domain.sql.staged import StagedOrder, is_same_series, replace_database
from backups.domain.sql.transfer import LiveFacts
from backups.models import BackupRun, Source
from backups.services import config, containers, sqlkept
from backups.services.proof import make_proof_order, read_safe
from backups.services.runs import RunContext
from backups.services.serverhands import start_server, stop_server
from backups.services.steps import Step
from backups.services.targets import Target, choose_targets
from oobsite.errors import Notice


@dataclass(frozen=True)
class Incoming:
    """What a private server has loaded, and how much it is: ``counts`` as ``count_practice`` makes them."""

    loaded: Loaded
    database: str
    counts: Mapping[str, Any]
    plain_bytes: int


def is_way_open(facts: LiveFacts) -> bool:
    """Whether this way is needed, and our programs and the folder of the server allow it."""
    source = Source.objects.filter(kind=Source.Kind.MARIADB).first()
    if facts.is_atomic or source is None or not source.folder.is_dir() or not is_served(source.folder):
        return False
    try:
        return is_same_series(facts.version)
    except ToolMissingError:
        return False


def find_stops(facts: LiveFacts) -> list[str]:
    """Which containers this way would stop; none when another way is gone. Raises as ``check_containers``."""
    return containers.check_containers() if is_way_open(facts) else []


def require_files(saved: BackupRun | None) -> Target:
    """The backup of the files that a safety run has made. Raises ``SafetyBackupError`` when it is only a dump."""
    source = sqlkept.database_source()
    names = list(saved.archives.filter(series=source.name).values_list("name", flat=True)) if saved else []
    if not names:
        raise SafetyBackupError([str(source)])
    return choose_targets(names)[0]


def exchange(saved: Target, incoming: Incoming, context: RunContext, require_consent: Callable[[], None]) -> None:
    """Put the database of ``incoming`` in place, by an exchange of the whole data folder.

    Programs that use the data are stopped before, as by ``run_restore``, and started again on every way out.
    Raises as that does: old data or new, as the journal in the folder says.
    """
    say, job = context.recorder.say, context.job
    with containers.containers_started_again(say) as stop_containers, pinned(saved.path):
        needed = saved.plain_bytes + incoming.plain_bytes
        check_datadir(DatadirCheck(saved.folder, config.practice_access(), needed, saved.server))
        with restoring(saved.folder, context.run.uid, Kind.MARIADB, timezone.now()) as stage:
            _stage(stage, saved, incoming, job)
            say("info", Notice("sql-staged-beside", {"database": incoming.database}))
            context.begin(Step.SWAP)
            context.require_lock()
            stop_containers()
            require_consent()
            swapped = swap_datadir(stage, _make_hands(saved.source, incoming.counts), _cancellable(stage, job))
    say("info", Notice("restore-swapped-database", {"seconds": round(swapped.seconds, 1)}))


def _stage(stage: Stage, saved: Target, incoming: Incoming, job: Job) -> None:
    reading = read_safe(saved.listed, job, room=saved.folder)
    fill_datadir(stage, Filling(saved.path, reading, saved.listed.root), job)
    proof = make_proof_order(saved.listed, saved.path, reading)
    replace_database(StagedOrder(stage, proof, incoming.database), incoming.loaded, job)


def _cancellable(stage: Stage, job: Job) -> Job:
    """Until the exchange."""
    early = (Phase.STAGING, Phase.GATING)
    return replace(job, is_cancelled=lambda: stage.journal.phase in early and job.is_cancelled())


def _make_hands(source: Source, counts: Mapping[str, Any]) -> Hands:
    """Hands for an exchange of the data folder; ``counts`` must be found in it afterwards."""
    startup = StartUp(source.folder, config.practice_access(), counts, counts)
    return Hands(stop_server, lambda job: require_started(startup, job), start_server)


def hands_of(run: BackupRun, source: Source) -> Hands:
    """The same for a run that did not come to its end: its result says what the file held."""
    return _make_hands(source, run.result.get("counts", {}))
