"""What an interrupted restore has left is brought to its end: all old data or all new, over all sources of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils import timezone

from backups.domain.errors import FileSystemError
from backups.domain.job import Job
from backups.domain.lock import make_holder, run_lock
from backups.domain.restore.gates import is_served
from backups.domain.restore.inplace import InPlace
from backups.domain.restore.journal import Journal, Phase
from backups.domain.restore.recover import recover
from backups.domain.restore.settle import Outcome, Settled
from backups.domain.restore.swap import Hands
from backups.domain.restore.undo import complete_datadir
from backups.models import BackupRun, Source, new_run_uid
from backups.services import config, containers, inplace, kept, sqlkept, sqlphysical
from backups.services.restorerequest import RestoreRequest
from backups.services.restoring import lenient_hands
from backups.services.runs import Recorder, mark_dead
from backups.services.serverhands import start_server
from backups.services.targets import Target, choose_targets
from backups.services.undoing import put_back
from oobsite.accounts.actors import Actor
from oobsite.audit.services import record
from oobsite.errors import Notice, OobError, Params

State = BackupRun.State
_NEW = (Outcome.PLACED, Outcome.KEPT)
_COMPLETE = (State.DONE, State.WARNINGS)


@dataclass
class Recovery:
    """What became of interrupted restores; empty when there was none. ``warnings``: what somebody has to see to."""

    notices: list[Notice] = field(default_factory=list)
    warnings: list[Notice] = field(default_factory=list)
    errors: list[OobError] = field(default_factory=list)
    is_busy: bool = False

    def say(self, level: str, notice: Notice) -> None:
        (self.notices if level == "info" else self.warnings).append(notice)


def recover_all(actor: Actor) -> Recovery:
    """Settle every folder, then the restores to which they belong. Raises ``BusyError`` while a run works.

    Folders come first and need no lock of ours: each has its own, and who works there is left alone.
    """
    actor.require("backups.restore_backuparchive")
    recovery = Recovery()
    for source in kept.restorable_sources():
        _recover_folder(source, recovery)
    if recovery.is_busy:
        return recovery
    holder = make_holder(new_run_uid(), "recovery", timezone.now())
    with run_lock(config.backup_dir(), holder) as lock_fd:
        _mark_dead_restores()
        _recover_sql(recovery)
        try:
            _complete_restores(Job(holder.run_id, config.work_dir(), lock_fd), recovery)
        finally:
            containers.start_stopped(recovery.say)
        _note_in_place()
        kept.release_expired(lock_fd, holder.run_id)
    for notice in [*recovery.notices, *recovery.warnings]:
        record(actor, "restore.recovered", None, {"code": notice.code, **dict(notice.params)})
    return recovery


def _recover_folder(source: Source, recovery: Recovery) -> None:
    try:
        for settled in recover(source.folder):
            _tell(source, settled, recovery)
        if source.kind == Source.Kind.MARIADB and recovery.notices and not is_served(source.folder):
            start_server()
    except OobError as error:
        recovery.errors.append(error)
    except OSError as error:
        recovery.errors.append(FileSystemError(str(source.folder), error.strerror or str(error)))


def _tell(source: Source, settled: Settled, recovery: Recovery) -> None:
    """What is kept and at rest is no news."""
    params: Params = {"path": str(source.folder)}
    if settled.outcome is Outcome.BUSY:
        recovery.is_busy = True
        recovery.notices.append(Notice("restore-recovered-busy", params))
    elif str(settled.phase) != str(settled.outcome):
        code = "restore-recovered-new" if settled.outcome in _NEW else "restore-recovered-old"
        recovery.notices.append(Notice(code, params))


def _recover_sql(recovery: Recovery) -> None:
    """SQL restores, whose tables lie on the server; while it does not answer, the next recovery tries again."""
    notices, errors = sqlkept.settle_all()
    recovery.notices += notices
    recovery.errors += errors


def _mark_dead_restores() -> None:
    """We hold the lock, so whatever looks like running is dead."""
    actions = (*BackupRun.EXCHANGES, BackupRun.Action.SQL_CHECK)
    for run in BackupRun.objects.filter(state=State.RUNNING, action__in=actions):
        mark_dead(run, Recorder(run))


def _note_in_place() -> None:
    """Of runs that could not say themselves which data they have left in place, or at a time when that was open."""
    ended_badly = BackupRun.objects.filter(state__in=(State.INTERRUPTED, State.FAILED))
    for run in ended_badly.filter(action__in=BackupRun.EXCHANGES):
        states = set(run.result.get("in_place", {}).values())
        is_open = not states or states & {InPlace.UNFINISHED, InPlace.UNTESTED}
        if is_open:
            inplace.note_in_place(run)


def _complete_restores(job: Job, recovery: Recovery) -> None:
    for restore_id, items in kept.read_kept().items():
        run = BackupRun.objects.filter(uid=restore_id).first()
        try:
            if _is_mixed(run, items):
                _put_all_back(restore_id, items, job, recovery)
            else:
                _test_placed(restore_id, items, run, job)
        except OobError as error:
            recovery.errors.append(error)


def _is_mixed(run: BackupRun | None, items: list[tuple[Source, Journal]]) -> bool:
    """Whether some sources of one restore have the old data and others the new ones."""
    live = {source.name for source, journal in items if journal.is_live}
    if not live:
        return False
    is_undo_unfinished = any(journal.phase is Phase.UNDONE for _source, journal in items)
    if run is None or run.state in _COMPLETE:
        return is_undo_unfinished
    try:
        expected = {target.source.name for target in choose_targets(run.request.get("archives", []))}
    except OobError:  # its archives are gone: what is in place stays
        return is_undo_unfinished
    return is_undo_unfinished or bool(expected - live)


def _put_all_back(restore_id: str, items: list[tuple[Source, Journal]], job: Job, recovery: Recovery) -> None:
    for source, journal in items:
        if journal.is_live:
            put_back(source, restore_id, job)
            recovery.notices.append(Notice("restore-recovered-old", {"path": str(source.folder)}))


def _test_placed(restore_id: str, items: list[tuple[Source, Journal]], run: BackupRun | None, job: Job) -> None:
    for source, journal in items:
        if journal.phase is Phase.PLACED and run is not None:
            complete_datadir(source.folder, restore_id, _hands_of(run, source), job)


def _hands_of(run: BackupRun, source: Source) -> Hands:
    if sqlkept.is_of_sql(run):
        return sqlphysical.hands_of(run, source)
    request = RestoreRequest.of(run)
    return lenient_hands(_target_of(source, request), request, Recorder(run))


def _target_of(source: Source, request: RestoreRequest) -> Target:
    return next(target for target in choose_targets(request.archives) if target.source == source)
