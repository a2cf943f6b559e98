"""When older archives are checked: within the hours that are set, when nothing else works or is due."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.conf import settings

from backups.domain.lock import is_held
from backups.domain.turn import FRESH, Window
from backups.models import BackupRun
from backups.services import config, queue_run, scheduling
from backups.services.turn import TurnRequest, due_candidates
from oobsite.accounts.actors import system_actor

Action, State = BackupRun.Action, BackupRun.State


def queue_check(now: datetime) -> BackupRun | None:
    """Queue a check when there is one to make before the hours end and before the next backup.

    Two ticks at once may queue two: the second one finds nothing left to do.
    """
    span = _window_around(now)
    if span is None or _is_busy():
        return None
    tried = _tried_since(span[0])
    if tried is None:
        return None
    request = _request_in(span, now)
    if not _has_work(request, now, tried):
        return None
    return queue_run(system_actor(), Action.VERIFY, BackupRun.Trigger.SCHEDULE, request.to_json())


def _window_around(now: datetime) -> tuple[datetime, datetime] | None:
    if settings.OOB_VERIFY_WINDOW is None:
        return None
    start, end = settings.OOB_VERIFY_WINDOW
    return Window(start, end, ZoneInfo(settings.TIME_ZONE)).around(now)


def _is_busy() -> bool:
    return BackupRun.objects.filter(state__in=BackupRun.OPEN_STATES).exists() or is_held(config.backup_dir())


def _tried_since(start: datetime) -> set[str] | None:
    """Archives that have had their turn in these hours; None when no other check shall follow in them.

    None follows one that was cancelled, or failed before it came to any archive.
    """
    runs = BackupRun.objects.filter(action=Action.VERIFY, trigger=BackupRun.Trigger.SCHEDULE, requested_at__gte=start)
    last = runs.first()
    if last is not None and (last.state == State.INTERRUPTED or (last.state == State.FAILED and not _tried(last))):
        return None
    return {name for run in runs for name in _tried(run)}


def _tried(run: BackupRun) -> list[str]:
    return list(run.result.get("tried", ()))


def _request_in(span: tuple[datetime, datetime], now: datetime) -> TurnRequest:
    start, end = span
    coming = scheduling.next_slot(now)
    until = min(end, coming[0]) if coming else end
    nights = [(start + timedelta(days=day), end + timedelta(days=day)) for day in range(7)]
    return TurnRequest(start - FRESH, until, max(_longest_room(*night) for night in nights))


def _longest_room(start: datetime, end: datetime) -> float:
    """Seconds without a date of any schedule: what takes longer is never begun."""
    moments = [start, *sorted(scheduling.slots_of_all(start, end)), end]
    return max((later - earlier).total_seconds() for earlier, later in pairwise(moments))


def _has_work(request: TurnRequest, now: datetime, tried: set[str]) -> bool:
    due = [candidate for candidate in due_candidates(request.before) if candidate.name not in tried]
    return any(request.has_turn(candidate, now) for candidate in due)
