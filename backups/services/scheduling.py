"""What doors may do with schedules: run now, pause, leave out, make the usual one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from backups.domain.cron import next_dates, validate
from backups.domain.errors import ScheduleUnknownError
from backups.models import BackupRun, BackupSchedule, Source
from backups.services import create_run, queue_run
from backups.services.request import Request
from oobsite.accounts.actors import Actor, system_actor

_CHANGE = "backups.change_backupschedule"


def request_of(schedule: BackupSchedule) -> Request:
    """What a run of this schedule shall do, as the schedule is now."""
    return Request(
        sources=_source_names(schedule),
        with_dump=schedule.with_sql_dump,
        keep=schedule.keep_generations,
        periods={name: count for name, count in schedule.periods.items() if count},
        is_proved=schedule.is_proved,
        is_dump_enough=schedule.is_dump_fallback_allowed,
    )


def _source_names(schedule: BackupSchedule) -> tuple[str, ...]:
    """Those that are switched on; when none is, all the same those that were chosen: the run then fails aloud."""
    active = schedule.sources.filter(is_active=True).values_list("name", flat=True)
    return tuple(active) or tuple(schedule.sources.values_list("name", flat=True))


def schedules_left_without(source: Source) -> list[BackupSchedule]:
    """Schedules that have chosen nothing but ``source``."""
    return [schedule for schedule in source.schedules.all() if schedule.sources.count() == 1]


def queue_backup(
    schedule: BackupSchedule, actor: Actor | None = None, trigger: BackupRun.Trigger = BackupRun.Trigger.SCHEDULE
) -> BackupRun:
    """Queue a run of ``schedule``. Raises ``NotAllowedError``."""
    with transaction.atomic():
        run = queue_run(actor or system_actor(), BackupRun.Action.BACKUP, trigger, request_of(schedule).to_json())
        run.schedule = schedule
        run.save(update_fields=["schedule"])
    return run


def find_schedule(name: str) -> BackupSchedule:
    """Raises ``ScheduleUnknownError``."""
    schedule = BackupSchedule.objects.filter(name=name).first()
    if schedule is None:
        raise ScheduleUnknownError(name, list(BackupSchedule.objects.values_list("name", flat=True)))
    return schedule


def create_backup(actor: Actor, schedule: BackupSchedule) -> BackupRun:
    """Make a run of ``schedule`` for a command that carries it out itself. Raises ``NotAllowedError``."""
    request = request_of(schedule).to_json()
    with transaction.atomic():
        run = create_run(actor, BackupRun.Action.BACKUP, BackupRun.Trigger.COMMAND, request)
        run.schedule = schedule
        run.save(update_fields=["schedule"])
    return run


def run_now(actor: Actor, schedule: BackupSchedule) -> BackupRun:
    """Run a schedule once, beside its dates. Raises ``NotAllowedError``."""
    return queue_backup(schedule, actor, BackupRun.Trigger.SCREEN)


def coming_slots(schedule: BackupSchedule, now: datetime) -> Iterator[datetime]:
    """The dates (UTC) at which a schedule that is switched on will run, without those that are left out."""
    terms, after = schedule.terms, now
    if terms.paused_until is not None and terms.paused_until > now:  # a pause may last to the end of the calendar
        after = terms.paused_until - timedelta(microseconds=1)
    for slot in next_dates(schedule.cron, after, ZoneInfo(settings.TIME_ZONE)):
        if not terms.leaves_out(slot):
            yield slot


def next_slot_of(schedule: BackupSchedule, now: datetime) -> datetime | None:
    """None when it is switched off or cannot be read."""
    if not schedule.is_active or validate(schedule.cron):
        return None
    return next(coming_slots(schedule, now), None)


def next_slot(now: datetime) -> tuple[datetime, BackupSchedule] | None:
    """The next date of all schedules."""
    schedules = BackupSchedule.objects.filter(is_active=True)
    found = [(slot, schedule) for schedule in schedules if (slot := next_slot_of(schedule, now))]
    return min(found, key=lambda item: item[0], default=None)


def slots_of_all(start: datetime, end: datetime) -> set[datetime]:
    """The dates of all schedules from ``start`` on, before ``end``."""
    schedules = [schedule for schedule in BackupSchedule.objects.filter(is_active=True) if not validate(schedule.cron)]
    return {slot for each in schedules for slot in takewhile(lambda slot: slot < end, coming_slots(each, start))}


def skip_next(actor: Actor, schedule: BackupSchedule) -> datetime | None:
    """Leave the next date out; once more takes that back. Raises ``NotAllowedError``."""
    actor.require(_CHANGE)
    is_skipping = schedule.skip_slot is not None and schedule.skip_slot > timezone.now()
    schedule.skip_slot = None if is_skipping else next_slot_of(schedule, timezone.now())
    schedule.save(update_fields=["skip_slot"])
    return schedule.skip_slot


def create_usual(actor: Actor) -> BackupSchedule:
    """Every night at 03:15, everything, ten generations, with a test restore. Raises ``NotAllowedError``."""
    actor.require("backups.add_backupschedule")
    return BackupSchedule.objects.create(name=gettext("Every night"), keep_generations=settings.OOB_KEEP_GENERATIONS)
