"""What a piece of work needs to know of the job that it belongs to: its folder, its lock, whom to tell."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from backups.domain.errors import CancelledError

_REPORT_SECONDS = 1.0


@dataclass(frozen=True)
class Progress:
    """How far a job is. Sizes in bytes; items are files, or tables where the stage works on tables.

    A total is None while nobody can know it, and may be a guess: more can be done than that.
    """

    stage: str
    source: str = ""
    done_bytes: int = 0
    total_bytes: int | None = None
    done_items: int = 0
    total_items: int | None = None


def _ignore(_progress: Progress) -> None:
    return


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Job:
    """``run_id`` marks child processes and part files, ``work_dir`` is private to the job, ``lock_fd`` goes to
    the children so that the lock outlives a killed parent."""

    run_id: str
    work_dir: Path
    lock_fd: int | None = None
    on_progress: Callable[[Progress], None] = _ignore
    is_cancelled: Callable[[], bool] = _never
    _last: list[float] = field(default_factory=lambda: [0.0], compare=False)

    def report(self, progress: Progress) -> None:
        """End the job when that was asked for; pass progress on at most once a second."""
        self.check_cancelled()
        now = time.monotonic()
        if now - self._last[0] >= _REPORT_SECONDS:
            self._last[0] = now
            self.on_progress(progress)

    def enter(self, stage: str, source: str, *, total_bytes: int | None = None) -> None:
        """Say at once that another stage begins."""
        self._last[0] = 0.0
        self.report(Progress(stage, source, total_bytes=total_bytes))

    def check_cancelled(self) -> None:
        """Raise ``CancelledError`` when the job shall end."""
        if self.is_cancelled():
            raise CancelledError


def watching(job: Job, measure: Callable[[], Progress]) -> Job:
    """A job for waiting on a child that says nothing: ``measure`` tells once a second how far it is."""
    measured_at = [0.0]

    def is_cancelled() -> bool:
        if time.monotonic() - measured_at[0] >= _REPORT_SECONDS:
            job.on_progress(measure())
            measured_at[0] = time.monotonic()  # a slow measurement must not follow the one before at once
        return job.is_cancelled()

    return replace(job, is_cancelled=is_cancelled)
