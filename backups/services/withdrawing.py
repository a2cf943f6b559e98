"""Backups that wait for a schedule which does not want them any more end before they begin."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from backups.domain.cron import slots_between, validate
from backups.models import BackupRun, BackupSchedule, ScheduleSlot
from backups.services.runs import Recorder
from oobsite.accounts.actors import Actor, system_actor
from oobsite.audit.services import record
from oobsite.errors import Notice

State = BackupRun.State
Slot = ScheduleSlot.State
_MOMENT = timedelta(microseconds=1)


def withdraw_unwanted(actor: Actor | None = None) -> list[BackupRun]:
    """End those whose schedule was given other times, paused, switched off or deleted; returns them."""
    ordered = BackupRun.objects.filter(action=BackupRun.Action.BACKUP, trigger=BackupRun.Trigger.SCHEDULE)
    waiting = ordered.filter(state=State.QUEUED).select_related("schedule")
    return [run for run in waiting if not is_wanted(run) and _withdraw(run, actor or system_actor())]


def is_wanted(run: BackupRun) -> bool:
    """Whether its schedule still has a date of it; one that was ordered since the last change always is."""
    schedule = run.schedule
    if schedule is None or not schedule.is_active:
        return False
    slots = list(run.slots.values_list("slot", flat=True))
    if not slots or schedule.changed_at <= run.requested_at or validate(schedule.cron):
        return True
    return any(_is_date_of(schedule, slot) for slot in slots)


def _is_date_of(schedule: BackupSchedule, slot: datetime) -> bool:
    dates = slots_between(schedule.cron, slot - _MOMENT, slot, ZoneInfo(settings.TIME_ZONE))
    return slot in dates and not schedule.terms.leaves_out(slot)


def _withdraw(run: BackupRun, actor: Actor) -> bool:
    """False when somebody has begun it meanwhile."""
    with transaction.atomic():
        waiting = BackupRun.objects.filter(pk=run.pk, state=State.QUEUED)
        if not waiting.update(state=State.INTERRUPTED, is_cancel_requested=True, ended_at=timezone.now()):
            return False
        run.slots.filter(state=Slot.QUEUED).update(state=Slot.SKIPPED)
        run.refresh_from_db()
        Recorder(run).say("info", Notice("run-withdrawn", {}))
        record(actor, "run.cancelled", run)
    return True
