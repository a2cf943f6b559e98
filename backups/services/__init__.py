"""What doors may call: each function is one act, used by the admin, the commands and the worker alike.

Each asks whether its actor may do it, and puts it on record.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, BinaryIO

from django.db import transaction
from django_q.tasks import async_task

from backups.domain.lock import open_pinned
from backups.models import BackupArchive, BackupRun
from backups.services.actors import actor_of_run
from backups.services.backup import run_backup
from backups.services.catalogue import sync_catalogue
from backups.services.kept import housekeep
from backups.services.preview import Preview, make_preview
from backups.services.proof import run_proof
from backups.services.request import Request
from backups.services.restorerequest import RestoreRequest
from backups.services.restoring import run_restore
from backups.services.runs import Recorder, claim, record_end
from backups.services.undoing import run_undo
from oobsite.accounts.actors import Actor, system_actor
from oobsite.accounts.errors import NotAllowedError
from oobsite.audit.errors import AuditWriteError
from oobsite.audit.services import record
from oobsite.errors import Notice

__all__ = [
    "carry_out",
    "create_run",
    "open_download",
    "preview_restore",
    "request_backup",
    "request_cancel",
    "request_proof",
    "request_restore",
    "request_undo",
    "sync_catalogue",
]

_PERMISSIONS = {
    BackupRun.Action.BACKUP: "backups.add_backuprun",
    BackupRun.Action.PROOF: "backups.prove_backuparchive",
    BackupRun.Action.RESTORE: "backups.restore_backuparchive",
    BackupRun.Action.UNDO: "backups.restore_backuparchive",
}


def create_run(
    actor: Actor, action: BackupRun.Action, trigger: BackupRun.Trigger, request: dict[str, Any]
) -> BackupRun:
    """Make the row of a run that waits to be carried out. Raises ``NotAllowedError``."""
    actor.require(_PERMISSIONS[action])
    with transaction.atomic():
        run = BackupRun.objects.create(action=action, trigger=trigger, requested_by=actor.user, request=request)
        record(actor, f"{action}.requested", run, {name: value for name, value in request.items() if value})
    return run


def request_backup(actor: Actor, request: Request | None = None) -> BackupRun:
    """Put a backup, and the proof of what it saves, into the queue. Raises ``NotAllowedError``."""
    return _enqueue(actor, BackupRun.Action.BACKUP, (request or Request(is_proved=True)).to_json())


def request_proof(actor: Actor, archive: BackupArchive) -> BackupRun:
    """Put the proof of one archive into the queue. Raises ``NotAllowedError``."""
    return _enqueue(actor, BackupRun.Action.PROOF, {"archives": [archive.name]})


def request_restore(actor: Actor, request: RestoreRequest) -> BackupRun:
    """Put a restore into the queue. Raises ``NotAllowedError``."""
    return _enqueue(actor, BackupRun.Action.RESTORE, request.to_json())


def request_undo(actor: Actor, restore_id: str) -> BackupRun:
    """Put into the queue that what a restore has replaced comes back. Raises ``NotAllowedError``."""
    return _enqueue(actor, BackupRun.Action.UNDO, {"restore": restore_id})


def preview_restore(actor: Actor, names: Sequence[str]) -> Preview:
    """What a restore of these archives would change. Raises ``NotAllowedError`` and as ``choose_targets``."""
    actor.require(_PERMISSIONS[BackupRun.Action.RESTORE])
    return make_preview(names)


def _enqueue(actor: Actor, action: BackupRun.Action, request: dict[str, Any]) -> BackupRun:
    with transaction.atomic():  # a run without its task would wait for ever
        run = create_run(actor, action, BackupRun.Trigger.SCREEN, request)
        async_task("backups.jobs.carry_out_run", run.pk)
    return run


def request_cancel(actor: Actor, run: BackupRun) -> None:
    """Ask a run to end: a waiting one ends at once, a running one within seconds. Raises ``NotAllowedError``."""
    actor.require("backups.change_backuprun")
    with transaction.atomic():
        waiting = BackupRun.objects.filter(pk=run.pk, state=BackupRun.State.QUEUED)
        if not waiting.update(state=BackupRun.State.INTERRUPTED):
            BackupRun.objects.filter(pk=run.pk).update(is_cancel_requested=True)
        record(actor, "run.cancelled", run)


def open_download(actor: Actor, archive: BackupArchive) -> BinaryIO:
    """The file of an archive, which stays while it is open. Raises ``NotAllowedError``, ``OSError`` without a file."""
    actor.require("backups.download_backuparchive")
    with ExitStack() as stack:
        file = stack.enter_context(open_pinned(archive.path))
        record(actor, "archive.downloaded", archive)
        stack.pop_all()
    return file


def carry_out(run: BackupRun, recorder: Recorder) -> list[dict[str, Any]] | None:
    """Claim a waiting run and do it; None when somebody else has claimed or cancelled it.

    Returns the reports of a proof, each with the name of its ``archive``; of a backup there are none.
    """
    if not claim(run):
        return None
    try:
        reports = run_proof(run, recorder) if run.action == BackupRun.Action.PROOF else []
        if run.action == BackupRun.Action.BACKUP:
            run_backup(run, recorder)
            _request_proof_of(run, recorder)
        elif run.action == BackupRun.Action.RESTORE:
            run_restore(run, recorder)
        elif run.action == BackupRun.Action.UNDO:
            run_undo(run, recorder)
    finally:
        record_end(run, recorder)
        housekeep()
    return reports


def _request_proof_of(run: BackupRun, recorder: Recorder) -> None:
    """Prove what a backup has saved, when that was asked for; the backup is done, whatever becomes of the proof."""
    names = list(run.archives.values_list("name", flat=True))
    if not names or not Request.of(run).is_proved:
        return
    try:
        _enqueue(_prover_of(run), BackupRun.Action.PROOF, {"archives": names})
    except AuditWriteError as error:
        recorder.say("warning", Notice("proof-not-requested", {"reason": error.reason}))


def _prover_of(run: BackupRun) -> Actor:
    """Who asked for the backup; should he have lost the right to proofs meanwhile, the system user."""
    actor = actor_of_run(run)
    try:
        actor.require(_PERMISSIONS[BackupRun.Action.PROOF])
    except NotAllowedError:
        return system_actor()
    return actor
