"""Putting back what a restore has replaced, as long as it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from backups.domain.job import Job
from backups.domain.restore.errors import ClientsConnectedError, RestoreUnknownError
from backups.domain.restore.startup import StartUp, require_started
from backups.domain.restore.swap import Hands
from backups.domain.restore.undo import undo_datadir, undo_folder
from backups.domain.sql.journal import JournalFile
from backups.models import BackupRun, Source
from backups.services import config, containers, kept, sqlkept
from backups.services.consent import list_connected, list_unguarded, require_agreement, require_up_to_date
from backups.services.inplace import note_in_place
from backups.services.restorerequest import UndoRequest
from backups.services.runs import Recorder, RunContext, open_run, record_done
from backups.services.serverhands import start_server, stop_server
from backups.services.steps import Step
from oobsite.errors import Notice, OobError

State = BackupRun.State


@dataclass(frozen=True)
class UndoPreview:
    """What must be agreed to before old data are put back: ``clients`` lose their connection, ``folders`` (titles)
    must be idle; ``stops``: containers that we stop meanwhile; ``problem``: why it cannot be done now."""

    clients: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    problem: OobError | None = None


def make_undo_preview(restore_id: str) -> UndoPreview:
    """Raises ``RestoreUnknownError``."""
    if sqlkept.find_sql(restore_id) is not None:
        return _make_sql_undo_preview()
    sources = _live_sources(restore_id)
    folders = tuple(str(source) for source in list_unguarded(sources))
    try:
        return UndoPreview(tuple(list_connected(sources)), folders, tuple(containers.check_containers()))
    except OobError as error:
        return UndoPreview(folders=folders, problem=error)


def _make_sql_undo_preview() -> UndoPreview:
    try:
        return UndoPreview(tuple(list_connected([sqlkept.database_source()])))
    except OobError as error:
        return UndoPreview(problem=error)


def require_undoable(restore_id: str) -> None:
    """Raise ``RestoreUnknownError`` when a restore has kept no old data that could be put back."""
    if sqlkept.find_sql(restore_id) is None:
        _live_sources(restore_id)


def run_undo(run: BackupRun, recorder: Recorder) -> None:
    """Carry out a claimed run: the database first, for it is what may refuse. Repeated, it does what is left."""
    with open_run(run, recorder) as context:
        require_up_to_date(run)
        file = sqlkept.find_sql(UndoRequest.of(run).restore)
        try:
            if file is not None:
                _undo_sql(file, UndoRequest.of(run), context)
            else:
                _undo(UndoRequest.of(run), context)
        finally:
            kept.sync_kept()
            note_in_place(run)
        run.state = State.WARNINGS if "warning" in recorder.levels else State.DONE
        for restore in BackupRun.objects.filter(uid=UndoRequest.of(run).restore):
            record_done(run, recorder, "restore.undone", restore)


def _undo_sql(file: JournalFile, request: UndoRequest, context: RunContext) -> None:
    """The tables from before an SQL restore change places with those that are there; nobody is cut off."""
    clients = list_connected([sqlkept.database_source()])
    if clients and not request.are_clients_accepted:
        raise ClientsConnectedError(clients)
    context.begin(Step.SWAP)
    context.require_lock()
    sqlkept.undo_sql(file, context.job)
    context.recorder.say("info", Notice("sql-undone", {"database": file.journal.database}))


def _undo(request: UndoRequest, context: RunContext) -> None:
    sources = _live_sources(request.restore)
    require_agreement(sources, request)
    if any(source.kind == Source.Kind.MARIADB for source in sources):
        sqlkept.settle_before_exchange(context.recorder.say)
    context.begin(Step.SWAP)
    context.require_lock()
    with containers.containers_started_again(context.recorder.say) as stop_containers:
        stop_containers()
        _put_all_back(sources, request, context)


def _put_all_back(sources: Sequence[Source], request: UndoRequest, context: RunContext) -> None:
    for source in sources:
        put_back(source, request.restore, context.job)
        context.recorder.say("info", Notice("restore-undone", {"path": str(source.folder)}), source.name)


def _live_sources(restore_id: str) -> list[Source]:
    items = kept.read_kept().get(restore_id, [])
    live = [source for source, journal in items if journal.is_live]
    if not live:
        raise RestoreUnknownError(config.sources_dir(), restore_id)
    return sorted(live, key=lambda source: source.kind != Source.Kind.MARIADB)


def put_back(source: Source, restore_id: str, job: Job) -> None:
    """Put the old data of one source back. Raises as ``undo_datadir`` and ``undo_folder``."""
    if source.kind != Source.Kind.MARIADB:
        undo_folder(source.folder, restore_id, job)
        return
    startup = StartUp(source.folder, config.practice_access())
    steady = replace(job, is_cancelled=lambda: False)
    hands = Hands(stop_server, lambda _job: require_started(startup, steady), start_server)
    undo_datadir(source.folder, restore_id, hands, job)
