"""How far an open run is, as facts for all the screens that show it: no sentence and no HTML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from backups.domain.catalog import series_of
from backups.facts import log_lines
from backups.models import BackupRun, series_titles
from backups.restore_facts import RESTORE_ACTIONS, restore_progress
from backups.sight import ALL, Sight

SILENT_AFTER = timedelta(minutes=2)
#: What was measured so long ago tells nothing of how fast it goes now.
STALE_AFTER = timedelta(seconds=15)
LINES_SHOWN = 200
_LEAST_TOLD_SECONDS = 10
_OF_TABLES = ("check", "salvage", "transfer")


@dataclass(frozen=True)
class LiveRun:
    """A run that works or waits. Sizes in bytes, ``rate`` in bytes a second; None where nobody knows.

    ``title``: the source or file that it works on. ``usual_seconds``: how long the last one like it took.
    ``seconds_left``: of the stage; where that is not known, of the whole job by what is usual. ``waiting``: how many
    other jobs wait.
    """

    run: BackupRun
    stage: str = ""
    title: str = ""
    done_bytes: int = 0
    total_bytes: int | None = None
    done_items: int = 0
    total_items: int | None = None
    rate: float | None = None
    seconds_left: float | None = None
    is_silent: bool = False
    usual_seconds: float | None = None
    can_cancel: bool = True
    waiting: int = 0

    @property
    def is_of_tables(self) -> bool:
        """Whether the items are tables; else they are files."""
        return self.stage in _OF_TABLES

    @property
    def done(self) -> int:
        """Of what the bar shows."""
        return self.done_bytes if self.total_bytes else self.done_items

    @property
    def total(self) -> int | None:
        """Of what the bar shows; None when it cannot show a share."""
        return self.total_bytes or self.total_items


def live_context(run: BackupRun, sight: Sight = ALL) -> dict[str, Any]:
    """What the template of an open run needs, for whoever may see so much of its log."""
    return {
        "run": run,
        "live": live_run(run, timezone.now()),
        "progress": restore_progress(run) if run.action in RESTORE_ACTIONS else None,
        "lines": log_lines(run, sight)[-LINES_SHOWN:],
    }


def live_run(run: BackupRun, now: datetime) -> LiveRun:
    said: Mapping[str, Any] = run.progress
    name = str(said.get("source", ""))
    age = now - (parse_datetime(said.get("at", "")) or now)
    is_stale = age > STALE_AFTER
    left, usual = said.get("seconds_left"), _usual_seconds(run)
    left = _usual_rest(run, usual, now) if is_stale or left is None else max(0.0, left - age.total_seconds())
    done_bytes, done_items = int(said.get("done_bytes") or 0), int(said.get("done_items") or 0)
    return LiveRun(
        run=run,
        stage=str(said.get("stage", "")),
        title=_title(name),
        done_bytes=done_bytes,
        total_bytes=_at_least(said.get("total_bytes"), done_bytes),
        done_items=done_items,
        total_items=_at_least(said.get("total_items"), done_items),
        rate=None if is_stale else said.get("rate"),
        seconds_left=left,
        is_silent=now - (run.heartbeat_at or run.started_at or run.requested_at) > SILENT_AFTER,
        usual_seconds=usual,
        can_cancel=run.action not in RESTORE_ACTIONS or restore_progress(run).can_cancel,
        waiting=BackupRun.objects.filter(state=BackupRun.State.QUEUED).exclude(pk=run.pk).count(),
    )


def _title(name: str) -> str:
    """What people call a source; of an archive, whole or in the making, its source too."""
    titles = series_titles()
    return titles.get(name) or titles.get(series_of(name), name)


def _usual_rest(run: BackupRun, usual: float | None, now: datetime) -> float | None:
    """None when it takes longer than usual, or nobody knows what is."""
    if usual is None or run.started_at is None:
        return None
    rest = usual - (now - run.started_at).total_seconds()
    return rest if rest > 0 else None


def _at_least(total: int | None, done: int) -> int | None:
    """A guess that was too small is none."""
    return total if total and total >= done else None


def _usual_seconds(run: BackupRun) -> float | None:
    good = (BackupRun.State.DONE, BackupRun.State.WARNINGS)
    like_it = BackupRun.objects.filter(action=run.action, request=run.request, state__in=good)
    last = like_it.filter(started_at__isnull=False, ended_at__isnull=False).first()
    seconds = last.duration_seconds if last else None
    return seconds if seconds and seconds >= _LEAST_TOLD_SECONDS else None
