"""Runs whose process is gone: killed, or ended by a power failure. What they left is removed, and it is said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

from backups.domain.catalog import remove_leftovers
from backups.domain.errors import BusyError, FolderMissingError
from backups.domain.lock import is_held, make_holder, run_lock
from backups.models import BackupRun, new_run_uid
from backups.services import config
from backups.services.runs import Recorder, mark_dead, remove_dead_folders
from oobsite.clock import is_far

DEAD_AFTER = timedelta(minutes=2)
HEAVY = "heavy"
TASK = "backups.jobs.carry_out_run"
State = BackupRun.State
_LEAVES_DATA_ALONE = (BackupRun.Action.BACKUP, BackupRun.Action.PROOF, BackupRun.Action.VERIFY)


def reap(now: datetime) -> list[BackupRun]:
    """Mark runs as interrupted that gave no sign of life for two minutes and do not hold the lock.

    A long step says nothing for hours: only the lock, which the kernel frees, tells that a run is dead.
    """
    if not _silent(now).exists():
        return []
    try:
        with run_lock(config.backup_dir(), make_holder(new_run_uid(), "reaper", timezone.now())):
            dead = list(_silent(now))  # one may have ended while we waited for the lock
            remove_dead_folders()
            remove_leftovers(config.backup_dir(), except_run="")
            for run in dead:
                _bury(run)
    except (BusyError, FolderMissingError, OSError):  # somebody works, or the disk is away: the next tick asks again
        return []
    if any(run.action not in _LEAVES_DATA_ALONE for run in dead):
        async_task("backups.jobs.recover", cluster=HEAVY)
    return dead


def end_unbegun(now: datetime) -> list[BackupRun]:
    """Mark runs of commands that were killed before they began: nobody else would ever take them."""
    waiting = BackupRun.objects.filter(is_far("requested_at", now, DEAD_AFTER), state=State.QUEUED)
    runs = waiting.filter(trigger=BackupRun.Trigger.COMMAND)
    dead = [run for run in runs if waiting.filter(pk=run.pk).update(state=State.INTERRUPTED)]
    for run in dead:
        mark_dead(run, Recorder(run))
    return dead


def _silent(now: datetime) -> QuerySet[BackupRun]:
    return BackupRun.objects.filter(is_far("heartbeat_at", now, DEAD_AFTER), state=State.RUNNING)


def _bury(run: BackupRun) -> None:
    mark_dead(run, Recorder(run))
    for task in tasks_of(run):
        task.delete()


def tasks_of(run: BackupRun) -> Iterator[OrmQ]:
    """Rows of django-q2's queue that would carry out ``run``."""
    return (row for row in OrmQ.objects.all() if row.func() == TASK and tuple(row.args() or ()) == (run.pk,))


def redeliver(now: datetime) -> list[BackupRun]:
    """Offer waiting runs once more when nothing runs: a killed worker takes those with it that it held in advance.

    One that comes twice does nothing the second time.
    """
    waiting = BackupRun.objects.filter(is_far("requested_at", now, DEAD_AFTER), state=State.QUEUED)
    runs = list(waiting.exclude(trigger=BackupRun.Trigger.COMMAND))
    if not runs or BackupRun.objects.filter(state=State.RUNNING).exists() or is_held(config.backup_dir()):
        return []
    return [run for run in runs if _offer(run, now)]


def _offer(run: BackupRun, now: datetime) -> bool:
    """False when its task waits to be taken as it should."""
    rows = list(tasks_of(run))
    if not rows:
        async_task(TASK, run.pk, cluster=HEAVY)
        return True
    taken = [row.pk for row in rows if row.lock is not None and row.lock > now]
    return bool(taken) and bool(OrmQ.objects.filter(pk__in=taken).update(lock=now))
