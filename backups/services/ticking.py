"""The tick: once a minute, whatever is due is queued, what has died is buried, and a sign of life is left.

Two ticks at once do no harm: a schedule is looked at under the lock of its row, and its dates are unique.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from backups.domain.cron import slots_between, validate
from backups.domain.duty import divide
from backups.domain.lock import is_held
from backups.models import BackupRun, BackupSchedule, ScheduleSlot
from backups.services import beats, config, nightly, scheduling
from backups.services.pinging import UNHEARD, key_of
from backups.services.reaping import end_unbegun, reap, redeliver
from backups.services.withdrawing import is_wanted, withdraw_unwanted
from oobsite import alerts
from oobsite.alerts.models import Alert

logger = logging.getLogger(__name__)
#: What lies longer back is not listed any more: a month tells enough.
LOOK_BACK = timedelta(days=31)
MOST_RERUNS = 1
MISSED, UNREADABLE = "missed", "schedule"
_GOOD = (BackupRun.State.DONE, BackupRun.State.WARNINGS)
State = BackupRun.State
Slot = ScheduleSlot.State


@dataclass
class Tick:
    """What a tick has found and done."""

    queued: list[BackupRun] = field(default_factory=list)
    reaped: list[BackupRun] = field(default_factory=list)
    missed: int = 0
    check: BackupRun | None = None


def tick(now: datetime) -> Tick:
    """Do what is to be done now; a schedule that cannot be read does not stop the others."""
    beats.beat(beats.TICK, now)
    done = Tick(reaped=[*reap(now), *end_unbegun(now)])
    _withdraw()
    redeliver(now)
    done.queued += _settle_all()
    for schedule in BackupSchedule.objects.filter(is_active=True):
        try:
            _look_at(schedule, now, done)
        except Exception:  # the edge of one schedule
            logger.exception("Schedule %s", schedule)
            code = "schedule-unreadable" if validate(schedule.cron) else "schedule-stuck"
            alerts.raise_alert(UNREADABLE, key_of(schedule), code=code, params={"schedule": schedule.name})
        else:
            alerts.clear_alert(UNREADABLE, key_of(schedule))
    _end_alerts_of_others()
    done.check = nightly.queue_check(now)  # last: it gives way to all that is queued
    return done


def _withdraw() -> None:
    try:
        withdraw_unwanted()
    except Exception:  # the edge of this step: what is due has its turn all the same
        logger.exception("Backups that no schedule wants any more")


def _end_alerts_of_others() -> None:
    """Of a schedule that was deleted or switched off nothing is missed any more, nor where nobody wants to hear."""
    active = list(BackupSchedule.objects.filter(is_active=True))
    wanted = {(kind, key_of(schedule)) for kind in (MISSED, UNREADABLE) for schedule in active}
    wanted |= {(UNHEARD, key_of(schedule)) for schedule in active if schedule.heartbeat_url}
    for alert in Alert.objects.filter(kind__in=(MISSED, UNREADABLE, UNHEARD), cleared_at=None):
        if (alert.kind, alert.key) not in wanted:
            alerts.clear_alert(alert.kind, alert.key)


def _settle_all() -> list[BackupRun]:
    queued: list[BackupRun] = []
    for slot in ScheduleSlot.objects.filter(state=Slot.QUEUED).exclude(run__state__in=BackupRun.OPEN_STATES):
        try:
            queued += _settle(slot)
        except Exception:  # the edge of one date: the next tick tries again, and now the others have their turn
            logger.exception("Date %s", slot)
    return queued


def _settle(slot: ScheduleSlot) -> list[BackupRun]:
    """The run of this date has ended: it is done, unless it was interrupted or found the lock taken."""
    run, schedule = slot.run, slot.schedule
    is_still_wanted = run is not None and is_wanted(run)
    if run is not None and run.state == State.BUSY and is_still_wanted:
        return [] if is_held(config.backup_dir()) else _rerun(slot, reruns=slot.reruns)
    may_rerun = is_still_wanted and schedule.reruns_after_interruption and slot.reruns < MOST_RERUNS
    if run is not None and run.state == State.INTERRUPTED and not run.is_cancel_requested and may_rerun:
        return _rerun(slot, reruns=slot.reruns + 1)
    ScheduleSlot.objects.filter(pk=slot.pk, state=Slot.QUEUED, run=run).update(state=Slot.DONE)
    if run is not None and run.state in _GOOD:
        alerts.clear_alert(MISSED, key_of(schedule))
    return []


def _rerun(slot: ScheduleSlot, *, reruns: int) -> list[BackupRun]:
    with transaction.atomic():
        run = scheduling.queue_backup(slot.schedule)
        mine = ScheduleSlot.objects.filter(pk=slot.pk, run=slot.run).update(run=run, reruns=reruns)
        if not mine:  # another tick was faster
            transaction.set_rollback(True)
    return [run] if mine else []


def _look_at(schedule: BackupSchedule, now: datetime, done: Tick) -> None:
    """Account for all dates since the last look, in one transaction."""
    with transaction.atomic():
        locked = BackupSchedule.objects.select_for_update().filter(pk=schedule.pk, is_active=True).first()
        if locked is None or _is_clock_behind(locked, now):
            return
        duty = divide(_slots_since(locked, now), now, locked.terms)
        done.queued += _queue(locked, duty.due)
        missed = _write(locked, duty.missed, Slot.MISSED)
        _write(locked, duty.skipped, Slot.SKIPPED)
        BackupSchedule.objects.filter(pk=locked.pk).update(checked_until=now)
    if missed:
        done.missed += missed
        _report_missed(schedule, duty.missed)


def _is_clock_behind(schedule: BackupSchedule, now: datetime) -> bool:
    """A clock that was ahead by far and was set right must not silence a schedule until then."""
    if schedule.checked_until > now + timedelta(hours=1):
        BackupSchedule.objects.filter(pk=schedule.pk).update(checked_until=now)
    return schedule.checked_until >= now


def _slots_since(schedule: BackupSchedule, now: datetime) -> list[datetime]:
    since = max(schedule.checked_until, now - LOOK_BACK)
    return list(slots_between(schedule.cron, since, now, ZoneInfo(settings.TIME_ZONE)))


def _queue(schedule: BackupSchedule, slot: datetime | None) -> list[BackupRun]:
    """Queue the run of a date; one that still waits will do for this date too."""
    if slot is None or ScheduleSlot.objects.filter(schedule=schedule, slot=slot).exists():
        return []
    waiting = BackupRun.objects.filter(schedule=schedule, state=State.QUEUED).first()
    run = waiting or scheduling.queue_backup(schedule)
    state = Slot.SKIPPED if waiting else Slot.QUEUED
    ScheduleSlot.objects.create(schedule=schedule, slot=slot, state=state, run=run)
    return [] if waiting else [run]


def _write(schedule: BackupSchedule, slots: Sequence[datetime], state: Slot) -> int:
    """Rows of dates that are not done; returns how many were not known yet."""
    known = set(schedule.slots.filter(slot__gte=slots[0]).values_list("slot", flat=True)) if slots else set()
    rows = [ScheduleSlot(schedule=schedule, slot=slot, state=state) for slot in slots if slot not in known]
    ScheduleSlot.objects.bulk_create(rows, batch_size=500)
    return len(rows)


def _report_missed(schedule: BackupSchedule, missed: Sequence[datetime]) -> None:
    """One alert, however many there are; the next backup of the schedule that is done clears it."""
    params: dict[str, str | int] = {"schedule": schedule.name, "slot_at": missed[-1].isoformat()}
    if len(missed) > 1:
        params |= {"first_at": missed[0].isoformat(), "count": len(missed)}
    code = "run-missed" if len(missed) == 1 else "runs-missed"
    alerts.raise_alert(MISSED, key_of(schedule), code=code, params=params, event="missed")
