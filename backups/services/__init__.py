"""What doors may call: each function is one act, used by the admin, the commands and the worker alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django_q.tasks import async_task

from backups.models import BackupArchive, BackupRun
from backups.services.backup import run_backup
from backups.services.catalogue import sync_catalogue
from backups.services.proof import run_proof
from backups.services.request import Request
from backups.services.runs import Recorder, claim

if TYPE_CHECKING:
    from oobsite.accounts.models import User

__all__ = [
    "carry_out",
    "create_run",
    "request_backup",
    "request_cancel",
    "request_proof",
    "sync_catalogue",
]


def create_run(
    action: BackupRun.Action, trigger: BackupRun.Trigger, *, request: dict[str, Any], user: User | None = None
) -> BackupRun:
    """Make the row of a run that waits to be carried out."""
    return BackupRun.objects.create(action=action, trigger=trigger, requested_by=user, request=request)


def request_backup(*, user: User | None = None, request: Request | None = None) -> BackupRun:
    """Put a backup, and the proof of what it saves, into the queue."""
    return _enqueue(BackupRun.Action.BACKUP, (request or Request(is_proved=True)).to_json(), user)


def request_proof(archive: BackupArchive, *, user: User | None = None) -> BackupRun:
    """Put the proof of one archive into the queue."""
    return _enqueue(BackupRun.Action.PROOF, {"archives": [archive.name]}, user)


def _enqueue(action: BackupRun.Action, request: dict[str, Any], user: User | None) -> BackupRun:
    with transaction.atomic():  # a run without its task would wait for ever
        run = create_run(action, BackupRun.Trigger.SCREEN, request=request, user=user)
        async_task("backups.jobs.carry_out_run", run.pk)
    return run


def request_cancel(run: BackupRun) -> None:
    """Ask a run to end: a waiting one ends at once, a running one within seconds."""
    waiting = BackupRun.objects.filter(pk=run.pk, state=BackupRun.State.QUEUED)
    if not waiting.update(state=BackupRun.State.INTERRUPTED):
        BackupRun.objects.filter(pk=run.pk).update(is_cancel_requested=True)


def carry_out(run: BackupRun, recorder: Recorder) -> list[dict[str, Any]] | None:
    """Claim a waiting run and do it; None when somebody else has claimed or cancelled it.

    Returns the reports of a proof, each with the name of its ``archive``; of a backup there are none.
    """
    if not claim(run):
        return None
    if run.action == BackupRun.Action.PROOF:
        return run_proof(run, recorder)
    run_backup(run, recorder)
    _request_proof_of(run)
    return []


def _request_proof_of(run: BackupRun) -> None:
    """Prove what a backup has saved, when that was asked for."""
    names = list(run.archives.values_list("name", flat=True))
    if names and Request.of(run).is_proved:
        _enqueue(BackupRun.Action.PROOF, {"archives": names}, run.requested_by)
