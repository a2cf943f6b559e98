"""Signs of life of what works by itself, and what their absence means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from backups.domain.lock import is_held
from backups.models import BackupRun, Heartbeat
from backups.services import config

TICK = "tick"
WATCHDOG = "watchdog"
#: The tick comes once a minute.
SILENT_AFTER = timedelta(minutes=3)
STUCK_AFTER = timedelta(minutes=5)
WATCHDOG_SILENT_AFTER = timedelta(minutes=15)
State = BackupRun.State


@dataclass(frozen=True)
class WorkerHealth:
    """``seen_at`` None: never. ``is_stuck``: it lives, but nobody takes the jobs that wait."""

    seen_at: datetime | None
    is_silent: bool
    is_stuck: bool

    @property
    def is_good(self) -> bool:
        return not self.is_silent and not self.is_stuck


@dataclass(frozen=True)
class WatchdogHealth:
    """``seen_at`` None: nobody has ever asked cron to call it."""

    seen_at: datetime | None
    is_silent: bool


def beat(name: str, at: datetime) -> None:
    Heartbeat.objects.update_or_create(name=name, defaults={"at": at})


def forget(name: str) -> None:
    """Nobody waits for its signs of life any more."""
    Heartbeat.objects.filter(name=name).delete()


def seen_at(name: str) -> datetime | None:
    return Heartbeat.objects.filter(name=name).values_list("at", flat=True).first()


def worker_health(now: datetime) -> WorkerHealth:
    """Whether the worker lives and takes what waits."""
    at = seen_at(TICK)
    is_silent = at is None or abs(now - at) > SILENT_AFTER  # one of the future: the clock was set back
    return WorkerHealth(at, is_silent, has_waited_in_vain(now - STUCK_AFTER))


def watchdog_health(now: datetime) -> WatchdogHealth:
    """Whether the watchdog looks; it does so every five minutes."""
    at = seen_at(WATCHDOG)
    return WatchdogHealth(at, at is not None and abs(now - at) > WATCHDOG_SILENT_AFTER)


def has_waited_in_vain(since: datetime) -> bool:
    """Whether a job waits since then although nothing else runs."""
    waiting = BackupRun.objects.filter(state=State.QUEUED, requested_at__lt=since)
    if not waiting.exists() or BackupRun.objects.filter(state=State.RUNNING).exists():
        return False
    return not is_held(config.backup_dir())
