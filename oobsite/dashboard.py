"""What the first screen says, as facts: no sentence and no HTML. The templates turn them into words."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from django.conf import settings
from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from backups.facts import LogLine, log_lines
from backups.models import DUMP_SUFFIX, BackupArchive, BackupRun, Source
from backups.progress_facts import LiveRun, live_run
from backups.schedule_facts import Upcoming, find_upcoming
from backups.services.beats import WatchdogHealth, watchdog_health
from backups.services.exchanges import last_exchanges
from backups.sight import ALL, Sight
from certs.board import CertificateBoard, certificate_board
from oobsite.alerts.facts import Board, board

STALE_AFTER = timedelta(days=2)
UNCHECKED_AFTER = timedelta(days=31)
DAYS_SHOWN = 30
State = BackupRun.State
_CANCELLED = Q(state=State.INTERRUPTED, is_cancel_requested=True)


class Verdict(StrEnum):
    """The one sentence, worst first."""

    GONE = "gone"
    FAILED = "failed"
    PARTIAL = "partial"
    INTERRUPTED = "interrupted"
    EMPTY = "empty"
    MISSING = "missing"
    DAMAGED = "damaged"
    EXCHANGED = "exchanged"
    STALE = "stale"
    UNPROVED = "unproved"
    SAFE = "safe"

    @property
    def level(self) -> str:
        return "good" if self is Verdict.SAFE else "warn" if self in _WARNINGS else "bad"


_NEWEST_FIRST = ("-taken_at", "-run__started_at", "series")  # two may be of one second, as manifests know it
_LESS_THAN_EXCHANGED = (Verdict.STALE, Verdict.UNPROVED, Verdict.SAFE)
_WARNINGS = (Verdict.UNPROVED, Verdict.STALE, Verdict.EXCHANGED, Verdict.INTERRUPTED)
_BAD_ENDS = {
    State.FAILED: Verdict.FAILED,
    State.PARTIAL: Verdict.PARTIAL,
    State.INTERRUPTED: Verdict.INTERRUPTED,
}
_DAY_LEVELS = {
    State.DONE: "good",
    State.WARNINGS: "warn",
    State.PARTIAL: "bad",
    State.FAILED: "bad",
    State.INTERRUPTED: "bad",
}


@dataclass(frozen=True)
class SourceFacts:
    """A source with its newest archive, and the newest that has not failed its proof; both have their file.

    ``proved``: the newest that has passed its proof. ``is_gone``: the newest one that is known is not in the backup
    folder, or not as it was. ``exchanged_at``: when a restore or its undoing has put other data in place since the
    usable one was taken.
    """

    source: Source
    archive: BackupArchive | None
    usable: BackupArchive | None
    proved: BackupArchive | None
    is_gone: bool
    exchanged_at: datetime | None


@dataclass(frozen=True)
class Day:
    """One column of the history: how the last backup of that day ended; ``x`` and ``y`` place it."""

    date: date
    level: str
    run: BackupRun | None
    x: int

    @property
    def y(self) -> int:
        """Worse days are lower columns, so that the colour is not all that tells."""
        return {"good": 0, "warn": 8, "bad": 16, "none": 26}[self.level]

    @property
    def height(self) -> int:
        return 34 - self.y


@dataclass(frozen=True)
class Disk:
    """The file system of the backup folder, in bytes, and what the archives take of it."""

    folder: Path
    total: int
    free: int
    archive_count: int
    archive_bytes: int

    @property
    def used(self) -> int:
        return self.total - self.free


@dataclass(frozen=True)
class Checks:
    """Of all archives that we vouch for: how many are damaged, and when the one was checked that has waited longest."""

    count: int
    bad_count: int
    oldest_at: datetime | None
    is_old: bool


@dataclass(frozen=True)
class Dashboard:
    verdict: Verdict
    sources: Sequence[SourceFacts]
    secured_at: datetime | None
    proved_at: datetime | None
    proved_backup_at: datetime | None
    exchanged_at: datetime | None
    lost_hours: int | None
    open_run: LiveRun | None
    days: Sequence[Day]
    disk: Disk | None
    backup_dir: Path
    last_run: BackupRun | None
    remarks: Sequence[LogLine]
    board: Board
    certificates: CertificateBoard
    upcoming: Upcoming
    watchdog: WatchdogHealth
    checks: Checks

    @property
    def lost_days(self) -> int | None:
        """Whole days, when hours would be a large figure."""
        return None if self.lost_hours is None or self.lost_hours <= 48 else math.ceil(self.lost_hours / 24)

    @property
    def is_backup_open(self) -> bool:
        return self.open_run is not None and self.open_run.run.action == BackupRun.Action.BACKUP

    @property
    def missing(self) -> list[Source]:
        return [facts.source for facts in self.sources if facts.source.is_required and not facts.usable]


def build_dashboard(now: datetime, sight: Sight = ALL) -> Dashboard:
    """Collect all facts for whoever may see so much of them; every question to the database and the disk of the first
    screen is asked here."""
    exchanges = last_exchanges()
    sources = [_source_facts(source, exchanges.get(source.name)) for source in Source.objects.filter(is_active=True)]
    required = [facts for facts in sources if facts.source.is_required] or sources
    last_run = _finished_backups().first()
    verdict = _judge(required, _finished_backups().exclude(_CANCELLED).first(), now)
    exchanged_at = max((facts.exchanged_at for facts in sources if facts.exchanged_at), default=None)
    usable, proved = [facts.usable for facts in required], [facts.proved for facts in required]
    secured_at = _earliest([archive.taken_at for archive in usable if archive])
    return Dashboard(
        verdict=Verdict.EXCHANGED if exchanged_at and verdict in _LESS_THAN_EXCHANGED else verdict,
        sources=sources,
        secured_at=secured_at,
        proved_at=_earliest([archive.proved_at for archive in usable if archive and archive.proved_at]),
        proved_backup_at=_earliest([archive.taken_at for archive in proved if archive]) if all(proved) else None,
        exchanged_at=exchanged_at,
        lost_hours=math.ceil((now - secured_at).total_seconds() / 3600) if secured_at and all(usable) else None,
        open_run=_open_run(now),
        days=_days(timezone.localdate(now)),
        disk=_disk(Path(settings.OOB_BACKUP_DIR)),
        backup_dir=Path(settings.OOB_BACKUP_DIR),
        last_run=last_run,
        remarks=[line for line in log_lines(last_run, sight) if line.level != "info"] if last_run else [],
        board=board(),
        certificates=certificate_board(now),
        upcoming=find_upcoming(now),
        watchdog=watchdog_health(now),
        checks=_checks(now),
    )


def _earliest(moments: Sequence[datetime]) -> datetime | None:
    return min(moments, default=None)


def _finished_backups() -> QuerySet[BackupRun]:
    """Backups that ran to some end, the newest first; those that were never started tell nothing."""
    ends = [state for state in State if state not in (*BackupRun.OPEN_STATES, State.BUSY)]
    runs = BackupRun.objects.filter(action=BackupRun.Action.BACKUP, state__in=ends, started_at__isnull=False)
    return runs.order_by("-started_at")


def _source_facts(source: Source, exchanged_at: datetime | None) -> SourceFacts:
    """A database may be saved as files or as an SQL dump: both count, of one run its files."""
    series = [source.name, source.name + DUMP_SUFFIX]
    archives = BackupArchive.objects.filter(series__in=series, is_safety=False).order_by(*_NEWEST_FIRST)
    usable = _newest(archives.exclude(proof=BackupArchive.Proof.FAILED))
    is_outdated = usable is not None and exchanged_at is not None and _began_at(usable) < exchanged_at
    return SourceFacts(
        source=source,
        archive=_newest(archives),
        usable=usable,
        proved=_newest(archives.filter(proof=BackupArchive.Proof.PROVED)),
        is_gone=not all(archive.is_on_disk for archive in _of_last_run(archives)),
        exchanged_at=exchanged_at if is_outdated else None,
    )


def _began_at(archive: BackupArchive) -> datetime:
    """As its run knows it: in the second that a manifest names, data may have changed places too."""
    run = archive.run
    return run.started_at if run is not None and run.started_at is not None else archive.taken_at


def _of_last_run(archives: QuerySet[BackupArchive]) -> list[BackupArchive]:
    """The newest archive that is known, with those of the same run."""
    last = archives.first()
    if last is None or last.run_id is None:
        return [last] if last else []
    return list(archives.filter(run=last.run_id))


def _newest(archives: QuerySet[BackupArchive]) -> BackupArchive | None:
    """The newest whose file is there: the disk may have been exchanged, or not be mounted."""
    newest = _first_on_disk(archives)
    if newest is None or newest.run_id is None:
        return newest
    return _first_on_disk(archives.filter(run=newest.run_id).order_by("series"))


def _first_on_disk(archives: QuerySet[BackupArchive]) -> BackupArchive | None:
    return next((archive for archive in archives.iterator(chunk_size=20) if archive.is_on_disk), None)


def _judge(required: Sequence[SourceFacts], last_run: BackupRun | None, now: datetime) -> Verdict:
    archives = [facts.archive for facts in required if facts.archive]
    if any(facts.is_gone for facts in required):
        return Verdict.GONE
    if last_run and (verdict := _BAD_ENDS.get(State(last_run.state))):
        return verdict
    if not archives:
        return Verdict.EMPTY
    if len(archives) < len(required):
        return Verdict.MISSING
    return _judge_archives(archives, now)


def _judge_archives(archives: Sequence[BackupArchive], now: datetime) -> Verdict:
    proofs = {archive.proof for archive in archives}
    if BackupArchive.Proof.FAILED in proofs:
        return Verdict.DAMAGED
    if now - min(archive.taken_at for archive in archives) > STALE_AFTER:
        return Verdict.STALE
    return Verdict.UNPROVED if BackupArchive.Proof.NONE in proofs else Verdict.SAFE


def _open_run(now: datetime) -> LiveRun | None:
    """What runs comes before what waits; of those that wait, the oldest."""
    order = ["-state", "requested_at"]  # "running" sorts after "queued"
    run = BackupRun.objects.filter(state__in=BackupRun.OPEN_STATES).order_by(*order).first()
    return None if run is None else live_run(run, now)


def _days(today: date) -> list[Day]:
    """How the last backup of each day ended; one that somebody cancelled neither saves nor spoils a day."""
    first = today - timedelta(days=DAYS_SHOWN - 1)
    since = timezone.make_aware(datetime.combine(first, datetime.min.time()))
    last_of_day = {
        timezone.localdate(run.started_at): run
        for run in _finished_backups().filter(started_at__gte=since).exclude(_CANCELLED).order_by("started_at")
    }
    return [_day(first + timedelta(days=index), index, last_of_day) for index in range(DAYS_SHOWN)]


def _day(day: date, index: int, runs: dict[date, BackupRun]) -> Day:
    run = runs.get(day)
    return Day(day, _DAY_LEVELS[State(run.state)] if run else "none", run, index * 20)


def _checks(now: datetime) -> Checks:
    archives = BackupArchive.objects.filter(origin=BackupArchive.Origin.OWN)
    found = archives.aggregate(
        count=Count("pk"), bad=Count("pk", filter=Q(proof=BackupArchive.Proof.FAILED)), oldest=Min("verified_at")
    )
    oldest_at = found["oldest"]
    return Checks(found["count"], found["bad"], oldest_at, oldest_at is not None and now - oldest_at > UNCHECKED_AFTER)


def _disk(folder: Path) -> Disk | None:
    """None when the folder is not there."""
    try:
        usage = os.statvfs(folder)
    except OSError:
        return None
    archives = [archive for archive in BackupArchive.objects.only("name", "size") if archive.is_on_disk]
    return Disk(
        folder=folder,
        total=usage.f_blocks * usage.f_frsize,
        free=usage.f_bavail * usage.f_frsize,
        archive_count=len(archives),
        archive_bytes=sum(archive.size for archive in archives),
    )
