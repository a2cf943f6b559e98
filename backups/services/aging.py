"""Rows that nobody needs any more: dates of schedules, alerts and messages of more than a year ago."""

from __future__ import annotations

from datetime import datetime, timedelta

from backups.models import BackupSchedule, ScheduleSlot
from oobsite.alerts.services import remove_old_alerts

#: A year, and as much more as lets one compare with the same weeks of the year before.
KEPT_FOR = timedelta(days=400)


def remove_old_rows(now: datetime) -> None:
    """Remove what is older than ``KEPT_FOR``; nothing that is still waited for."""
    before = now - KEPT_FOR
    for schedule in BackupSchedule.objects.all():
        _remove_old_slots(schedule, before)
    remove_old_alerts(before)


def _remove_old_slots(schedule: BackupSchedule, before: datetime) -> None:
    """The newest one stays, however old: it tells when the schedule was due last."""
    newest = schedule.slots.order_by("-slot").first()
    if newest is not None:
        old = schedule.slots.filter(slot__lt=min(before, newest.slot))
        old.exclude(state=ScheduleSlot.State.QUEUED).delete()
