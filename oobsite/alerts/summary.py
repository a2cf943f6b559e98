"""The week in figures, every Monday morning: who reads it knows that somebody still watches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Max
from django.utils import timezone

from backups.models import DUMP_SUFFIX, BackupArchive, BackupRun, Source
from oobsite.alerts.models import Alert, Event
from oobsite.alerts.services import tell
from oobsite.errors import OobError, Params
from oobsite.files import free_bytes

State = BackupRun.State
_MONDAY, _HOUR = 0, 7
_WEEK = timedelta(days=7)


def weekly_summary(now: datetime) -> None:
    """Tell it, when that is due and has not been done: on Mondays from seven o'clock, by the clock of the practice."""
    local = timezone.localtime(now)
    week = f"{local:%G-W%V}"
    is_due = local.weekday() == _MONDAY and local.hour >= _HOUR
    if is_due and not Alert.objects.filter(kind=Event.SUMMARY, key=week).exists():
        tell(Event.SUMMARY, code="weekly-summary", params=figures(now), once=week)


def figures(now: datetime) -> Params:
    """What happened in the seven days before ``now``, and how things stand."""
    runs = BackupRun.objects.filter(action=BackupRun.Action.BACKUP, ended_at__gt=now - _WEEK, ended_at__lte=now)
    remarks = runs.filter(state=State.WARNINGS).count()
    archives = [_newest(source) for source in Source.objects.filter(is_active=True, is_required=True)]
    return {
        "done": runs.filter(state=State.DONE).count() + remarks,
        "remarks": remarks,
        "failed": runs.filter(state__in=(State.FAILED, State.PARTIAL, State.INTERRUPTED)).count(),
        "secured_at": _earliest([taken for taken, _proved in archives]),
        "proved_at": _earliest([proved for _taken, proved in archives]),
        "free_bytes": _free(Path(settings.OOB_BACKUP_DIR)),
        "open": Alert.objects.filter(cleared_at=None).count(),
    }


def _newest(source: Source) -> tuple[datetime | None, datetime | None]:
    """When the newest archive that has not failed was taken, and when one was proved last; also one as SQL counts."""
    series = [source.name, source.name + DUMP_SUFFIX]
    archives = BackupArchive.objects.filter(series__in=series, is_safety=False)
    archives = archives.exclude(proof=BackupArchive.Proof.FAILED)
    found = archives.aggregate(taken=Max("taken_at"), proved=Max("proved_at"))
    return found["taken"], found["proved"]


def _earliest(moments: Sequence[datetime | None]) -> str | None:
    """The oldest of the newest, as ISO; None when one is missing or there is none."""
    known = [moment for moment in moments if moment is not None]
    return min(known).isoformat() if known and len(known) == len(moments) else None


def _free(folder: Path) -> int | None:
    try:
        return free_bytes(folder)
    except (OobError, OSError):
        return None
