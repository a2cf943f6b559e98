"""What the screens say about schedules: sentence, dates, what would be deleted. No HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from django.utils import timezone
from django.utils.translation import get_language

from backups.domain.cron import PRESETS, describe, validate
from backups.messages_schedules import FIELD_HINTS, PRESET_LABELS, field_sentence
from backups.models import BackupArchive, BackupSchedule, series_titles
from backups.schedule_forms import RANGES, ScheduleForm
from backups.schedule_models import CRON_NAMES
from backups.services import retention, scheduling
from backups.services.beats import WorkerHealth, worker_health
from backups.services.reach import Reach, find_reach
from oobsite.errors import OobError

DATES_SHOWN = 5


@dataclass(frozen=True)
class Going:
    """An archive that would be deleted."""

    title: str
    taken_at: datetime | None


@dataclass(frozen=True)
class Preview:
    """What a schedule, stored or just being typed, means.

    ``errors``: sentences by field; ``going`` and ``reach``: None when nobody can tell.
    """

    sentence: str = ""
    dates: Sequence[datetime] = ()
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    going: Sequence[Going] | None = None
    reach: Reach | None = None


@dataclass(frozen=True)
class CronField:
    """One of the five fields as the page shows it."""

    name: str
    bound: object
    range: str
    hint: str
    errors: Sequence[str]


@dataclass(frozen=True)
class Preset:
    name: str
    label: str
    values: Mapping[str, str]
    is_chosen: bool


@dataclass(frozen=True)
class Upcoming:
    """What comes by itself, for the first screen.

    ``is_awaited``: somebody counts on the worker; ``paused_until``: nothing comes before, since somebody wished it.
    """

    slot: datetime | None
    schedule: BackupSchedule | None
    has_schedules: bool
    worker: WorkerHealth
    is_awaited: bool
    paused_until: datetime | None

    @property
    def has_trouble(self) -> bool:
        return self.is_awaited and not self.worker.is_good


def find_upcoming(now: datetime) -> Upcoming:
    slot, schedule = scheduling.next_slot(now) or (None, None)
    worker = worker_health(now)
    return Upcoming(
        slot=slot,
        schedule=schedule,
        has_schedules=BackupSchedule.objects.exists(),
        worker=worker,
        is_awaited=schedule is not None or worker.seen_at is not None,
        paused_until=coming_end_of_pause(schedule, now) if schedule else None,
    )


def coming_end_of_pause(schedule: BackupSchedule, now: datetime) -> datetime | None:
    """When a schedule that is paused now goes on."""
    end = schedule.pause_end
    return end if end is not None and now < end else None


def words(schedule: BackupSchedule) -> str:
    """When it is due, as a sentence; the bare fields when they cannot be read."""
    if validate(schedule.cron):
        return str(schedule.cron)
    return describe(schedule.cron, get_language() or "en")


def make_preview(form: ScheduleForm) -> Preview:
    """Of what is typed, else of what is stored; of wrong fields nothing but the errors."""
    schedule: BackupSchedule = form.instance
    cron_errors = _cron_errors(schedule)
    going = _going(form)
    if cron_errors:
        return Preview(errors=cron_errors, going=going)
    dates = tuple(islice(scheduling.coming_slots(schedule, timezone.now()), DATES_SHOWN))
    reach = None if _has_wrong_numbers(form) else find_reach(schedule, form.chosen_sources)
    return Preview(words(schedule), dates, {}, going, reach)


def cron_fields(form: ScheduleForm, preview: Preview) -> list[CronField]:
    """The five fields in their order, with the errors of the preview."""
    return [
        CronField(name, form[name], str(RANGES[name]), str(FIELD_HINTS[name]), preview.errors.get(name, ()))
        for name in CRON_NAMES
    ]


def presets(schedule: BackupSchedule) -> list[Preset]:
    return [Preset(name, str(PRESET_LABELS[name]), vars(cron), cron == schedule.cron) for name, cron in PRESETS.items()]


def _cron_errors(schedule: BackupSchedule) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for error in validate(schedule.cron):
        found.setdefault(error.field, []).append(field_sentence(error))
    return found


def _has_wrong_numbers(form: ScheduleForm) -> bool:
    return any(name.startswith("keep_") for name in form.errors)


def _going(form: ScheduleForm) -> list[Going] | None:
    """Newest first; None while the numbers are wrong, or when the backup folder is away."""
    if _has_wrong_numbers(form):
        return None
    try:
        names = retention.plan_schedule(form.instance, form.chosen_sources).delete
    except OobError:
        return None
    known = {archive.name: archive for archive in BackupArchive.objects.filter(name__in=names)}
    titles = series_titles()
    found = [_describe(name, known.get(name), titles) for name in names]
    return sorted(found, key=lambda item: (item.taken_at is not None, item.taken_at), reverse=True)


def _describe(name: str, archive: BackupArchive | None, titles: Mapping[str, str]) -> Going:
    if archive is None:
        return Going(name, None)
    return Going(titles.get(archive.series, archive.series), archive.taken_at)
