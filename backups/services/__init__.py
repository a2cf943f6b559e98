"""What doors may call: each function is one act, used by the admin, the commands and the worker alike.

Each asks whether its actor may do it, and puts it on record.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, BinaryIO

from django.db import transaction
from django_q.tasks import async_task

from backups.domain.lock import open_pinned
from backups.domain.restore.errors import WorkerSilentError
from backups.models import BackupArchive, BackupRun
from backups.services.actors import actor_of_run
from backups.services.asking import ask
from backups.services.backup import run_backup
from backups.services.catalogue import sync_catalogue
from backups.services.exporting import choose_export, export_request, run_export
from backups.services.filesbeside import choose_files, run_files
from backups.services.filesrequest import FilesRequest
from backups.services.kept import housekeep
from backups.services.pinging import tell_service
from backups.services.preview import Comparison, Preview, compare_counts, make_archive_preview, make_preview
from backups.services.proof import run_proof
from backups.services.releasing import run_release, run_retest
from backups.services.request import Request
from backups.services.restorerequest import ReleaseRequest, RestoreRequest, UndoRequest
from backups.services.restoring import run_restore
from backups.services.runs import Recorder, claim, record_end
from backups.services.salvaging import run_salvage
from backups.services.sqlrequest import SqlRequest, open_sql_file
from backups.services.sqlrestoring import run_sql_check, run_sql_restore
from backups.services.turn import run_verify
from backups.services.undoing import UndoPreview, run_undo
from backups.services.wrongcalls import require_known
from oobsite.accounts.actors import Actor, system_actor
from oobsite.accounts.errors import NotAllowedError
from oobsite.audit.errors import AuditWriteError
from oobsite.audit.services import record
from oobsite.errors import Notice

Action = BackupRun.Action

__all__ = [
    "ask_comparison",
    "ask_preview",
    "ask_undo_preview",
    "carry_out",
    "create_run",
    "open_download",
    "preview_restore",
    "request_backup",
    "request_cancel",
    "request_export",
    "request_files",
    "request_proof",
    "request_release",
    "request_restore",
    "request_retest",
    "request_salvage",
    "request_sql_check",
    "request_sql_restore",
    "request_undo",
    "require_known",
    "sync_catalogue",
]

_RESTORE = "backups.restore_backuparchive"
_DOWNLOAD = "backups.download_backuparchive"
_PERMISSIONS = {
    Action.BACKUP: "backups.add_backuprun",
    Action.PROOF: "backups.prove_backuparchive",
    Action.VERIFY: "backups.prove_backuparchive",
    Action.RESTORE: _RESTORE,
    Action.UNDO: _RESTORE,
    Action.RELEASE: _RESTORE,
    Action.RETEST: _RESTORE,
    Action.SQL_CHECK: _RESTORE,
    Action.SQL_RESTORE: _RESTORE,
    Action.SALVAGE: _RESTORE,
    Action.FILES: _RESTORE,
    Action.EXPORT: _DOWNLOAD,
}


def create_run(actor: Actor, action: Action, trigger: BackupRun.Trigger, request: dict[str, Any]) -> BackupRun:
    """Make the row of a run that waits to be carried out. Raises ``NotAllowedError``."""
    actor.require(_PERMISSIONS[action])
    with transaction.atomic():
        run = BackupRun.objects.create(action=action, trigger=trigger, requested_by=actor.user, request=request)
        record(actor, f"{action}.requested", run, _details_of(request))
    return run


def _details_of(request: dict[str, Any]) -> dict[str, Any]:
    """What everybody may read of a request: names of documents may be those of patients. Of what was not asked for
    only the missing safety backup is told."""
    told = {name: value for name, value in request.items() if value or name == "with_safety_backup"}
    details = {name: value for name, value in told.items() if name != "paths"}
    return details | ({"members": len(request["paths"])} if "paths" in request else {})


def request_backup(actor: Actor, request: Request | None = None) -> BackupRun:
    """Put a backup, and the proof of what it saves, into the queue. Raises ``NotAllowedError``."""
    return _enqueue(actor, Action.BACKUP, (request or Request(is_proved=True)).to_json())


def request_proof(actor: Actor, archive: BackupArchive) -> BackupRun:
    """Put the proof of one archive into the queue. Raises ``NotAllowedError``."""
    return _enqueue(actor, Action.PROOF, {"archives": [archive.name]})


def request_restore(actor: Actor, request: RestoreRequest) -> BackupRun:
    """Put a restore into the queue. Raises ``NotAllowedError``."""
    return _enqueue(actor, Action.RESTORE, request.to_json())


def request_salvage(actor: Actor, archive: BackupArchive) -> BackupRun:
    """Put into the queue that what can be read of a damaged database is recovered. Raises ``NotAllowedError``."""
    return _enqueue(actor, Action.SALVAGE, {"archives": [archive.name]})


def request_undo(actor: Actor, request: UndoRequest) -> BackupRun:
    """Put into the queue that what a restore has replaced comes back. Raises ``NotAllowedError``."""
    return _enqueue(actor, Action.UNDO, request.to_json())


def request_release(actor: Actor, request: ReleaseRequest) -> BackupRun:
    """Put into the queue that what a restore has kept is removed. Raises ``NotAllowedError``."""
    return _enqueue(actor, Action.RELEASE, request.to_json())


def request_retest(actor: Actor, restore_id: str) -> BackupRun:
    """Put the test of restored data that are not tested yet into the queue. Raises ``NotAllowedError``."""
    return _enqueue(actor, Action.RETEST, {"restore": restore_id})


def request_files(actor: Actor, request: FilesRequest) -> BackupRun:
    """Put into the queue that files come back beside the present ones. Raises as ``choose_files``."""
    actor.require(_PERMISSIONS[Action.FILES])
    choose_files(request)
    return _enqueue(actor, Action.FILES, request.to_json())


def request_export(actor: Actor, archive: BackupArchive, table: str = "") -> BackupRun:
    """Put the export of a table, or of the whole database without one, into the queue. Raises as ``choose_export``."""
    actor.require(_PERMISSIONS[Action.EXPORT])
    choose_export(archive.name)
    return _enqueue(actor, Action.EXPORT, export_request(archive.name, table))


def request_sql_check(actor: Actor, request: SqlRequest) -> BackupRun:
    """Put into the queue that an SQL file is tried. Raises ``NotAllowedError``, ``SqlFileMissingError``."""
    return _request_sql(actor, Action.SQL_CHECK, request)


def request_sql_restore(actor: Actor, request: SqlRequest) -> BackupRun:
    """Put the restore of an SQL file into the queue. Raises ``NotAllowedError``, ``SqlFileMissingError``."""
    return _request_sql(actor, Action.SQL_RESTORE, request)


def _request_sql(actor: Actor, action: Action, request: SqlRequest) -> BackupRun:
    actor.require(_PERMISSIONS[action])
    open_sql_file(request.file)
    return _enqueue(actor, action, request.to_json())


def preview_restore(actor: Actor, names: Sequence[str]) -> Preview:
    """What a restore of these archives would change. Raises ``NotAllowedError`` and as ``choose_targets``."""
    actor.require(_PERMISSIONS[Action.RESTORE])
    return make_preview(names)


def ask_preview(actor: Actor, names: Sequence[str]) -> Preview:
    """As ``preview_restore``, looked up by the worker; when it is silent, what the archives alone tell."""
    actor.require(_PERMISSIONS[Action.RESTORE])
    try:
        answer: Preview = ask("preview_restore", list(names))
    except WorkerSilentError as error:
        return make_archive_preview(names, error)
    return answer


def ask_comparison(actor: Actor, counts: dict[str, Any]) -> Comparison:
    """Counts beside those of the practice's server, looked up by the worker; when it is silent, the counts alone."""
    actor.require(_PERMISSIONS[Action.SQL_CHECK])
    try:
        answer: Comparison = ask("compare_counts", counts)
    except WorkerSilentError as error:
        return compare_counts(counts, error)
    return answer


def ask_undo_preview(actor: Actor, restore_id: str) -> UndoPreview:
    """What must be agreed to before old data are put back, looked up by the worker.

    Raises ``NotAllowedError``, ``WorkerSilentError``, ``RestoreUnknownError``.
    """
    actor.require(_PERMISSIONS[Action.UNDO])
    answer: UndoPreview = ask("preview_undo", restore_id)
    return answer


def _enqueue(actor: Actor, action: Action, request: dict[str, Any]) -> BackupRun:
    return queue_run(actor, action, BackupRun.Trigger.SCREEN, request)


def queue_run(actor: Actor, action: Action, trigger: BackupRun.Trigger, request: dict[str, Any]) -> BackupRun:
    """Make a run and put it into the worker's queue. Raises ``NotAllowedError``."""
    with transaction.atomic():  # a run without its task would wait for ever
        run = create_run(actor, action, trigger, request)
        async_task("backups.jobs.carry_out_run", run.pk, cluster="heavy")
    return run


def request_cancel(actor: Actor, run: BackupRun) -> None:
    """Ask a run to end: a waiting one ends at once, a running one within seconds. Raises ``NotAllowedError``."""
    actor.require("backups.change_backuprun")
    with transaction.atomic():
        waiting = BackupRun.objects.filter(pk=run.pk, state=BackupRun.State.QUEUED)
        if not waiting.update(state=BackupRun.State.INTERRUPTED, is_cancel_requested=True):
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
    tell_service(run)
    try:
        return _RUNNERS[Action(run.action)](run, recorder) or []
    finally:
        record_end(run, recorder)
        housekeep()


def _run_backup(run: BackupRun, recorder: Recorder) -> None:
    run_backup(run, recorder)
    _request_proof_of(run, recorder)


def _request_proof_of(run: BackupRun, recorder: Recorder) -> None:
    """Prove what a backup has saved, when that was asked for; the backup is done, whatever becomes of the proof."""
    names = list(run.archives.values_list("name", flat=True))
    if not names or not Request.of(run).is_proved:
        return
    # The worker does the proof, also of a backup by a command: as the command's own it would be taken for dead.
    by_schedule = run.trigger == BackupRun.Trigger.SCHEDULE
    trigger = BackupRun.Trigger.SCHEDULE if by_schedule else BackupRun.Trigger.SCREEN
    try:
        queue_run(_prover_of(run), Action.PROOF, trigger, {"archives": names})
    except AuditWriteError as error:
        recorder.say("warning", Notice("proof-not-requested", {"reason": error.reason}))


def _prover_of(run: BackupRun) -> Actor:
    """Who asked for the backup; should he have lost the right to proofs meanwhile, the system user."""
    actor = actor_of_run(run)
    try:
        actor.require(_PERMISSIONS[Action.PROOF])
    except NotAllowedError:
        return system_actor()
    return actor


_RUNNERS: dict[Action, Callable[[BackupRun, Recorder], list[dict[str, Any]] | None]] = {
    Action.BACKUP: _run_backup,
    Action.PROOF: run_proof,
    Action.VERIFY: run_verify,
    Action.RESTORE: run_restore,
    Action.UNDO: run_undo,
    Action.RELEASE: run_release,
    Action.RETEST: run_retest,
    Action.SALVAGE: run_salvage,
    Action.FILES: run_files,
    Action.EXPORT: run_export,
    Action.SQL_CHECK: run_sql_check,
    Action.SQL_RESTORE: run_sql_restore,
}
