"""Collects what the watchdog judges: rows, folders and disks as they are, read without the worker."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Literal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import F, QuerySet

from backups.domain.cron import validate
from backups.domain.expected import Rhythm, daily_growth, overdue_slot, proof_since, wanted_since
from backups.domain.lock import is_held
from backups.domain.watch import DiskFacts, Due, Facts, OpenRun, ScheduleFacts, SourceFacts
from backups.models import DUMP_SUFFIX, BackupArchive, BackupRun, BackupSchedule, Source
from backups.services import beats, config
from backups.services.pinging import key_of

#: So late the tick may look at a date.
_TICK_LATE = timedelta(minutes=10)
_RUNS_COMPARED, _FEWEST_COMPARED = 10, 3
_ARCHIVES_LOOKED_AT = 50
State, Proof = BackupRun.State, BackupArchive.Proof
Place = Literal["backup", "work", "data"]


def collect(now: datetime, looked_at: datetime | None) -> Facts:
    """All that the rules need; ``looked_at``: when somebody looked before."""
    schedules = [schedule for schedule in BackupSchedule.objects.filter(is_active=True) if not validate(schedule.cron)]
    places = _places()
    tick_at = beats.seen_at(beats.TICK)
    runs = BackupRun.objects.filter(state__in=BackupRun.OPEN_STATES)
    is_running = runs.filter(state=State.RUNNING).exists()
    return Facts(
        now=now,
        looked_at=looked_at,
        tick_at=tick_at,
        is_worker_awaited=bool(schedules) or tick_at is not None,
        is_busy=is_running or is_held(config.backup_dir()),
        longest_run=timedelta(hours=settings.OOB_BACKUP_TIMEOUT_HOURS),
        runs=[_open_run(run, now) for run in runs],
        schedules=[_schedule_facts(schedule, now) for schedule in schedules],
        sources=[_source_facts(source, schedules, now) for source in Source.objects.filter(is_active=True)],
        disks=list(_disks(places)),
        missing_places=[place for place, folder in places.items() if not folder.is_dir()],
    )


def _open_run(run: BackupRun, now: datetime) -> OpenRun:
    since = run.started_at or run.requested_at
    return OpenRun(run.uid, run.action, run.state == State.RUNNING, min(since, now), _usual(run))


def _usual(run: BackupRun) -> timedelta | None:
    """The median of the last runs of this kind that were good; None when there are too few."""
    if run.action == BackupRun.Action.VERIFY:  # it lasts as long as its hours, or until another job comes
        return None
    same = BackupRun.objects.filter(action=run.action, schedule=run.schedule, state__in=(State.DONE, State.WARNINGS))
    ended = same.filter(started_at__isnull=False, ended_at__gt=F("started_at")).order_by("-ended_at")
    seconds = [past.duration_seconds for past in ended[:_RUNS_COMPARED]]
    known = [value for value in seconds if value is not None]
    return timedelta(seconds=median(known)) if len(known) >= _FEWEST_COMPARED else None


# --- schedules ----------------------------------------------------------------------------------------------
def _schedule_facts(schedule: BackupSchedule, now: datetime) -> ScheduleFacts:
    rhythm = _rhythm(schedule, schedule.checked_until)
    return ScheduleFacts(
        key_of(schedule), schedule.name, bool(_covered(schedule)), overdue_slot(rhythm, now - _TICK_LATE)
    )


def _rhythm(schedule: BackupSchedule, since: datetime) -> Rhythm:
    return Rhythm(schedule.cron, schedule.terms, since, ZoneInfo(settings.TIME_ZONE))


def _covered(schedule: BackupSchedule) -> set[str]:
    """Names of the active sources that a schedule saves."""
    chosen = schedule.sources.all()
    return {source.name for source in (chosen or Source.objects.all()) if source.is_active}


# --- archives -----------------------------------------------------------------------------------------------
def _source_facts(source: Source, schedules: Sequence[BackupSchedule], now: datetime) -> SourceFacts:
    mine = [schedule for schedule in schedules if source.name in _covered(schedule)]
    proving = [schedule for schedule in mine if schedule.is_proved]
    archives = BackupArchive.objects.filter(series__in=_series(source), is_safety=False)
    good = archives.exclude(proof=Proof.FAILED).exclude(origin=BackupArchive.Origin.LEGACY, proof=Proof.NONE)
    return SourceFacts(
        name=source.name,
        is_required=source.is_required,
        is_database=source.kind == Source.Kind.MARIADB,
        first_at=archives.order_by("taken_at").values_list("taken_at", flat=True).first(),
        newest_at=_newest(good),
        proved_at=_newest(archives.filter(proof=Proof.PROVED)),
        archive_due=Due(bool(mine), _latest([wanted_since(_rhythm(item, item.changed_at), now) for item in mine])),
        proof_due=Due(bool(proving), _latest([proof_since(_rhythm(item, item.changed_at), now) for item in proving])),
    )


def _series(source: Source) -> list[str]:
    return [source.name, source.name + DUMP_SUFFIX]


def _newest(archives: QuerySet[BackupArchive]) -> datetime | None:
    """When the newest was taken whose file is there."""
    newest = archives.order_by("-taken_at")[:_ARCHIVES_LOOKED_AT]
    return next((archive.taken_at for archive in newest if archive.is_on_disk), None)


def _latest(moments: Sequence[datetime | None]) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)


# --- disks --------------------------------------------------------------------------------------------------
def _places() -> Mapping[Place, Path]:
    return {"backup": config.backup_dir(), "work": config.work_dir(), "data": Path(settings.OOB_DATA_DIR)}


def _disks(places: Mapping[Place, Path]) -> Iterator[DiskFacts]:
    """Each file system once, by the first folder that lies on it."""
    seen: set[int] = set()
    for place, folder in places.items():
        try:
            usage, device = os.statvfs(folder), folder.stat().st_dev
        except OSError:
            continue
        if device not in seen:
            seen.add(device)
            total, free = usage.f_blocks * usage.f_frsize, usage.f_bavail * usage.f_frsize
            yield DiskFacts(place, total, free, archive_growth() if place == "backup" else 0.0)


def archive_growth() -> float:
    """Bytes by which the backup folder grows in a day."""
    keeps = BackupSchedule.objects.values_list("keep_generations", flat=True)
    keep = max([settings.OOB_KEEP_GENERATIONS, *keeps])
    rows = BackupArchive.objects.order_by("series", "-taken_at").values_list("series", "taken_at", "size")
    by_series: dict[str, list[tuple[datetime, int]]] = {}
    for series, taken_at, size in rows.iterator():
        by_series.setdefault(series, []).append((taken_at, size))
    return sum(daily_growth(list(islice(archives, keep)), keep) for archives in by_series.values())
