"""The sign of life of a run, also while one of its steps says nothing for long: a sync, a large table."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error, connection
from django.utils import timezone

from backups.models import BackupRun

BEAT_SECONDS = 5.0
logger = logging.getLogger(__name__)


@contextmanager
def beating(run: BackupRun) -> Iterator[None]:
    """Renew ``heartbeat_at`` of ``run`` every few seconds, and touch nothing else of it."""
    if connection.in_atomic_block:  # a second connection could not write before ours has ended
        yield
        return
    ended = threading.Event()
    thread = threading.Thread(target=_beat, args=(run.pk, ended), name="beat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _beat(pk: int, ended: threading.Event) -> None:
    while not ended.wait(BEAT_SECONDS):
        try:
            running = BackupRun.objects.filter(pk=pk, state=BackupRun.State.RUNNING)
            running.update(heartbeat_at=timezone.now())
        except Error as error:  # the next beat may get through
            logger.warning("heartbeat of run %s: %s", pk, error)
        finally:
            connection.close()
