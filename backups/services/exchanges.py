"""When the data of a source last changed places with others, so that older backups do not hold what is in place."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from backups.models import BackupRun

_OLD = "old"
_LOOKED_AT = 50


def last_exchanges() -> dict[str, datetime]:
    """By name of the source, when its last exchange ended; those of long ago are left out."""
    found: dict[str, datetime] = {}
    for run in _exchanging_runs():
        if run.ended_at is not None:
            found = dict.fromkeys(_exchanged(run), run.ended_at) | found
    return found


def _exchanging_runs() -> list[BackupRun]:
    """Without those of a clock that was ahead: no backup would ever be younger."""
    ended = BackupRun.objects.filter(action__in=BackupRun.EXCHANGES, ended_at__lte=timezone.now())
    return list(ended.order_by("-ended_at")[:_LOOKED_AT])


def _exchanged(run: BackupRun) -> list[str]:
    """Sources that a run left other than it found them: a restore in new data, an undoing in the old ones."""
    in_place: dict[str, str] = run.result.get("in_place", {})
    return [name for name, state in in_place.items() if (state == _OLD) == (run.action == BackupRun.Action.UNDO)]
