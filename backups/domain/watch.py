"""What is wrong, judged from facts: the rules of the watchdog. It is told the time, and asks nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from oobsite.errors import Params

#: The tick comes once a minute.
SILENT_AFTER = timedelta(minutes=3)
#: Who looked so long ago has been off, like those he watches: they get until the next look.
AWAY_AFTER = timedelta(minutes=15)
WAITS_TOO_LONG = timedelta(minutes=30)
#: Without a schedule a week is the longest that anybody can mean, and a day later it is too long.
LONGEST = timedelta(days=8)
FEWEST_FREE = 0.10
FEWEST_DAYS = 7
_FAR_LONGER = 3
_AT_LEAST_LONGER = timedelta(hours=1)

Level = Literal["error", "warning"]
#: Kinds of alerts that the watchdog alone raises and clears.
KINDS = ("worker", "run-late", "slot-late", "archive-age", "proof-age", "disk", "schedule-empty")


@dataclass(frozen=True)
class OpenRun:
    """A run that waits or works ``since``; ``usual``: how long its kind takes, None when nobody knows yet."""

    uid: str
    action: str
    is_running: bool
    since: datetime
    usual: timedelta | None


@dataclass(frozen=True)
class ScheduleFacts:
    """A schedule that is switched on; ``overdue``: its oldest date that nobody has looked at."""

    key: str
    name: str
    has_source: bool = True
    overdue: datetime | None = None


@dataclass(frozen=True)
class Due:
    """What schedules promise: ``is_promised`` at all, and something from ``since`` on should be there by now."""

    is_promised: bool = False
    since: datetime | None = None


@dataclass(frozen=True)
class SourceFacts:
    """A source with the moments of its first, its newest good and its newest proved archive, and what is due."""

    name: str
    is_required: bool = True
    is_database: bool = False
    first_at: datetime | None = None
    newest_at: datetime | None = None
    proved_at: datetime | None = None
    archive_due: Due = Due()
    proof_due: Due = Due()


@dataclass(frozen=True)
class DiskFacts:
    """The file system of a folder of ours, in bytes; ``growth``: bytes by which the archives grow in a day."""

    place: Literal["backup", "work", "data"]
    total: int
    free: int
    growth: float = 0.0

    @property
    def days_left(self) -> int | None:
        """Whole days until it is full; None when it does not grow."""
        return int(self.free / self.growth) if self.growth > 0 else None


@dataclass(frozen=True)
class Facts:
    """All that is known ``now``. ``looked_at``: the last look before this one; ``tick_at``: None, never."""

    now: datetime
    looked_at: datetime | None = None
    tick_at: datetime | None = None
    is_worker_awaited: bool = False
    is_busy: bool = False
    longest_run: timedelta = timedelta(hours=12)
    runs: Sequence[OpenRun] = ()
    schedules: Sequence[ScheduleFacts] = ()
    sources: Sequence[SourceFacts] = ()
    disks: Sequence[DiskFacts] = ()
    missing_places: Sequence[str] = ()


@dataclass(frozen=True)
class Finding:
    """Something that is wrong: what ``raise_alert`` takes. ``kind`` and ``key`` name the same thing each time."""

    kind: str
    key: str
    code: str
    level: Level = "error"
    params: Params = field(default_factory=dict)
    source: str = ""
    event: str = ""


def judge(facts: Facts) -> list[Finding]:
    """All that is wrong. What follows from a silent worker is not said beside it."""
    found = list(_judge_worker(facts))
    rules = [_judge_running, _judge_schedules, _judge_archives, _judge_proofs, _judge_disks]
    if not found and _was_here(facts):
        rules += [_judge_waiting, _judge_slots]
    return found + [finding for rule in rules for finding in rule(facts)]


def _was_here(facts: Facts) -> bool:
    """A look or a tick of the future was before the clock was set back, and says nothing of now."""
    return facts.looked_at is not None and abs(facts.now - facts.looked_at) <= AWAY_AFTER


def _judge_worker(facts: Facts) -> Iterator[Finding]:
    if not facts.is_worker_awaited or not _was_here(facts):
        return
    if facts.tick_at is None:
        yield Finding("worker", "", "worker-never")
    elif abs(facts.now - facts.tick_at) > SILENT_AFTER:
        yield Finding("worker", "", "worker-silent", params={"last_at": facts.tick_at.isoformat(timespec="seconds")})


def _judge_waiting(facts: Facts) -> Iterator[Finding]:
    for run in facts.runs:
        if not run.is_running and not facts.is_busy and facts.now - run.since > WAITS_TOO_LONG:
            yield _late(run, "run-waiting")


def _judge_running(facts: Facts) -> Iterator[Finding]:
    for run in facts.runs:
        if run.is_running and facts.now - run.since > longest_for(run.usual, facts.longest_run):
            yield _late(run, "run-too-long")


def _late(run: OpenRun, code: str) -> Finding:
    params: Params = {"action": run.action, "started_at": run.since.isoformat(timespec="seconds")}
    return Finding("run-late", run.uid, code, "warning", params)


def longest_for(usual: timedelta | None, longest: timedelta) -> timedelta:
    """How long a run may take: far longer than usual, by an hour at least; ``longest`` when nothing is usual yet."""
    return longest if usual is None else max(usual * _FAR_LONGER, usual + _AT_LEAST_LONGER)


def _judge_slots(facts: Facts) -> Iterator[Finding]:
    for schedule in facts.schedules:
        if schedule.overdue is not None:
            params: Params = {"schedule": schedule.name, "slot_at": schedule.overdue.isoformat()}
            yield Finding("slot-late", schedule.key, "run-overdue", params=params, event="missed")


def _judge_schedules(facts: Facts) -> Iterator[Finding]:
    for schedule in facts.schedules:
        if not schedule.has_source:
            params: Params = {"schedule": schedule.name}
            yield Finding("schedule-empty", schedule.key, "schedule-without-source", params=params)


def _judge_archives(facts: Facts) -> Iterator[Finding]:
    """A backup folder that is away has its own sentence."""
    sources = () if "backup" in facts.missing_places else facts.sources
    for source in sources:
        level: Level = "error" if source.is_required else "warning"
        if source.newest_at is not None:
            if _is_older(source.newest_at, source.archive_due, facts.now):
                params: Params = {"newest_at": source.newest_at.isoformat(timespec="seconds")}
                yield Finding("archive-age", source.name, "archive-too-old", level, params, source.name)
        elif source.is_required and (source.archive_due.since or not source.archive_due.is_promised):
            yield Finding("archive-age", source.name, "archive-none", level, {}, source.name)


def _judge_proofs(facts: Facts) -> Iterator[Finding]:
    sources = () if "backup" in facts.missing_places else facts.sources
    for source in sources:
        if not source.is_database or source.first_at is None:
            continue  # without an archive there is nothing to prove, and that is said elsewhere
        # What was never proved is too old when the first archive is.
        if _is_older(source.proved_at or source.first_at, source.proof_due, facts.now):
            proved_at = source.proved_at.isoformat(timespec="seconds") if source.proved_at else None
            code = "proof-too-old" if proved_at else "proof-none"
            yield Finding("proof-age", source.name, code, "warning", {"newest_at": proved_at}, source.name)


def _is_older(moment: datetime, due: Due, now: datetime) -> bool:
    """What a schedule has promised, and its date is yet to come, is not too old."""
    if due.since is not None:
        return moment < due.since
    return not due.is_promised and now - moment > LONGEST


def _judge_disks(facts: Facts) -> Iterator[Finding]:
    for place in facts.missing_places:
        yield Finding("disk", place, f"{place}-folder-away")
    for disk in facts.disks:
        days = disk.days_left
        figures: Params = {"free_bytes": disk.free, "total_bytes": disk.total, "days": days}
        if days is not None and days < FEWEST_DAYS:
            yield Finding("disk", disk.place, "disk-filling", "warning", figures)
        elif disk.free < disk.total * FEWEST_FREE:
            yield Finding("disk", disk.place, f"{disk.place}-disk-low", "warning", figures)
