"""A restore from an SQL file: read it, try it on a private server, save the present data, exchange, test.

Until the exchange the practice's database is untouched; the exchange is one statement, and what was there is kept.
Where that statement is not safe, the whole data folder is exchanged instead (``sqlphysical``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from backups.domain.errors import (
    FileSystemError,
    LoginRefusedError,
    NoSpaceError,
    ServerUnreachableError,
    SourceMissingError,
)
from backups.domain.job import Job, Progress
from backups.domain.lock import pinned
from backups.domain.mariadb.counts import CORE_TABLES
from backups.domain.restore.errors import ClientsConnectedError, SafetyBackupError
from backups.domain.sql.dumpfile import DumpFile, choose_charset, read_dump_file
from backups.domain.sql.errors import SqlChangedError, SqlNotAtomicError, SqlUnfinishedError
from backups.domain.sql.exchange import begin_swap, restoring_sql, swap_database
from backups.domain.sql.journal import JournalFile, SqlJournal
from backups.domain.sql.live import working_connection
from backups.domain.sql.loading import LEAST_FREE_BYTES, Loaded, LoadOrder, Summary, loaded_server, summarize
from backups.domain.sql.schema import read_schema
from backups.domain.sql.transfer import LiveFacts, read_live_facts, require_makeable, require_rights, transfer
from backups.models import BackupRun
from backups.services import config, kept, sqlkept
from backups.services.backup import is_missing
from backups.services.consent import list_connected, require_up_to_date
from backups.services.runs import Recorder, RunContext, open_run
from backups.services.safety import save_present_sources
from backups.services.sqlphysical import Incoming, exchange, find_stops, is_way_open, require_files
from backups.services.sqlrequest import SqlRequest, locate, title_of, version_of
from backups.services.steps import Step
from backups.services.targets import Target
from oobsite.errors import Notice, OobError, Params
from oobsite.files import free_bytes

State = BackupRun.State


@dataclass(frozen=True)
class _Tried:
    """A file that the private server has taken; ``remarks``: codes of what the user should know of it;
    ``is_physical``: the whole data folder will be exchanged."""

    dump: DumpFile
    loaded: Loaded
    summary: Summary
    remarks: tuple[str, ...]
    is_physical: bool


def run_sql_check(run: BackupRun, recorder: Recorder) -> None:
    """Carry out a claimed run: load the file where it can do no harm, and write what came of it into the result."""
    with open_run(run, recorder) as context:
        request = SqlRequest.of(run)
        with _tried(request, context, _find_facts()) as tried:
            _tell_remarks(tried.remarks, context)
            recorder.say("info", Notice("sql-checked", _params(request, tried)))
        run.state = State.WARNINGS if "warning" in recorder.levels else State.DONE


def run_sql_restore(run: BackupRun, recorder: Recorder) -> None:
    """Carry out a claimed run. Whatever it raises, the database holds the old tables or the new ones."""
    with open_run(run, recorder) as context:
        try:
            _restore(SqlRequest.of(run), context)
        finally:
            kept.sync_kept()
            sqlkept.note_sql_in_place(run)
        run.state = State.WARNINGS if "warning" in recorder.levels else State.DONE


def _restore(request: SqlRequest, context: RunContext) -> None:
    say = context.recorder.say
    context.begin(Step.CHECK)
    require_up_to_date(context.run)
    _require_rest()
    _require_consent(request)
    require_rights(config.practice_access())
    facts = read_live_facts(config.practice_access())
    _require_way(facts, is_physical=is_way_open(facts))
    with _tried(request, context, facts) as tried:
        _require_way(facts, is_physical=tried.is_physical)  # it may have closed meanwhile
        if not tried.dump.is_finished and not request.is_unfinished_accepted:
            raise SqlUnfinishedError(title_of(request))
        _tell_remarks(tried.remarks, context)
        say("info", Notice("sql-checked", _params(request, tried)))
        saved = _save_present(request, tried, context)
        context.begin(Step.STAGE)
        if saved:
            summary = tried.summary
            incoming = Incoming(tried.loaded, facts.database, summary.counts, tried.dump.plain_bytes)
            exchange(saved, incoming, context, lambda: _require_consent(request))
        else:
            _exchange_tables(request, tried, facts, context)
    params: Params = {"hours": settings.OOB_KEEP_OLD_HOURS, "restore_id": context.run.uid}
    say("info", Notice("restore-kept", params))


def _require_way(facts: LiveFacts, *, is_physical: bool) -> None:
    """Raises ``SqlNotAtomicError`` where tables could be left half exchanged."""
    if not facts.is_atomic and not is_physical:
        raise SqlNotAtomicError


def _exchange_tables(request: SqlRequest, tried: _Tried, facts: LiveFacts, context: RunContext) -> None:
    say = context.recorder.say
    journal = SqlJournal(context.run.uid, facts.database, _now(), title_of(request))
    live = sqlkept.make_live(counts=tried.summary.counts["core"])
    with restoring_sql(sqlkept.journals_dir(), journal, live) as file:
        _load_beside(file, tried, facts, context)
        say("info", Notice("sql-staged", {"count": len(tried.summary.tables)}))
        _require_consent(request)
        context.begin(Step.SWAP)
        context.require_lock()
        seconds = swap_database(file, live, context.job)
    say("info", Notice("sql-swapped", {"seconds": round(seconds, 1), "database": facts.database}))


def _now() -> str:
    return timezone.now().isoformat(timespec="seconds")


def _require_rest() -> None:
    """What an earlier restore has left unfinished comes first. Raises what hinders that."""
    for error in sqlkept.settle_all()[1]:
        raise error


def _require_consent(request: SqlRequest) -> None:
    """Asked twice: somebody may come while we load."""
    clients = list_connected([sqlkept.database_source()])
    if clients and not request.are_clients_accepted:
        raise ClientsConnectedError(clients)


def _find_facts() -> LiveFacts:
    """Those of the practice's server; of the usual one while it does not answer."""
    try:
        return read_live_facts(config.practice_access())
    except (ServerUnreachableError, LoginRefusedError):
        return LiveFacts(settings.DBNAME)


@contextmanager
def _tried(request: SqlRequest, context: RunContext, facts: LiveFacts) -> Iterator[_Tried]:
    """Read a file and load it into a private server that runs as long as the block; the result of the run says what
    came of it."""
    path, title = locate(request), title_of(request)
    job = _naming_job(context.job, path, title)
    with _naming_errors(path, title), pinned(path):
        version = version_of(path)
        if request.version not in ("", version):
            raise SqlChangedError(title)
        stops = find_stops(facts)
        job.enter("inspect", title)
        dump = read_dump_file(path, job)
        charset = choose_charset(dump, request.charset)
        order = LoadOrder(
            dump,
            charset,
            facts.database,
            config.proof_identity(),
            facts.lower_case_table_names,
            facts.collation,
        )
        with loaded_server(order, job) as loaded:
            summary = summarize(loaded, path)
            is_physical = is_way_open(facts)
            remarks = (*_find_remarks(dump, loaded, summary), *_find_way_remarks(facts, is_physical=is_physical))
            tried = _Tried(dump, loaded, summary, remarks, is_physical)
            context.run.result = _to_result(tried, charset) | {"version": version, "stops": stops}
            context.run.save(update_fields=["result"])
            yield tried


def _naming_job(job: Job, path: Path, title: str) -> Job:
    """A job that calls the file as people do: an upload lies in our folder under a name of ours."""

    def tell(progress: Progress) -> None:
        job.on_progress(replace(progress, source=title) if progress.source == path.name else progress)

    return replace(job, on_progress=tell)


@contextmanager
def _naming_errors(path: Path, title: str) -> Iterator[None]:
    """The same for the errors in the block."""
    try:
        yield
    except OobError as error:
        if getattr(error, "name", "") == path.name:
            error.name = title  # type: ignore[attr-defined]
        raise
    except OSError as error:
        if error.filename != str(path):
            raise
        raise FileSystemError(title, error.strerror or str(error)) from error


def _find_remarks(dump: DumpFile, loaded: Loaded, summary: Summary) -> tuple[str, ...]:
    found = {
        "sql-unfinished-remark": not dump.is_finished,
        "sql-definers-removed": loaded.definers > 0,
        "sql-events-off": summary.objects["events"] > 0,
        "sql-not-elexis": not {name.lower() for name in summary.tables} & {*CORE_TABLES},
    }
    return tuple(code for code, is_so in found.items() if is_so)


def _find_way_remarks(facts: LiveFacts, *, is_physical: bool) -> tuple[str, ...]:
    if facts.is_atomic:
        return ()
    return ("sql-whole-folder",) if is_physical else ("sql-not-atomic",)


_NO_WORRY = ("sql-definers-removed", "sql-whole-folder")


def _tell_remarks(codes: tuple[str, ...], context: RunContext) -> None:
    for code in codes:
        level = "info" if code in _NO_WORRY else "warning"
        context.recorder.say(level, Notice(code, {}))


def _to_result(tried: _Tried, charset: str) -> dict[str, Any]:
    summary = tried.summary
    return {
        "tables": [{"name": name, "rows": count} for name, count in summary.tables.items()],
        "counts": summary.counts,
        "charset": charset,
        "definers": tried.loaded.definers,
        **summary.objects,
        "is_finished": tried.dump.is_finished,
        "size": tried.dump.plain_bytes,
        "maker": tried.dump.maker,
        "remarks": list(tried.remarks),
    }


def _params(request: SqlRequest, tried: _Tried) -> Params:
    rows = sum(tried.summary.tables.values())
    return {"name": title_of(request), "tables": len(tried.summary.tables), "rows": rows}


def _save_present(request: SqlRequest, tried: _Tried, context: RunContext) -> Target | None:
    """Save the database before, and see that its disk has room for the new tables.

    The exchange of the whole folder begins with a backup of its files: then that is made in any case, and returned.
    """
    source = sqlkept.database_source()
    if source.folder.is_dir():
        missing = tried.dump.plain_bytes + LEAST_FREE_BYTES - free_bytes(source.folder)
        if missing > 0:
            raise NoSpaceError(source.folder, missing)
    context.begin(Step.SAFETY)
    if request.with_safety_backup and is_missing(source):  # the server answers, so there is something to save
        context.recorder.say("error", SourceMissingError(source.name, source.folder).notice, source.name)
        raise SafetyBackupError([str(source)])
    is_wanted = request.with_safety_backup or tried.is_physical
    saved = save_present_sources([source], context, is_wanted=is_wanted)
    return require_files(saved) if tried.is_physical else None


def _load_beside(file: JournalFile, tried: _Tried, facts: LiveFacts, context: RunContext) -> None:
    """Bring the new tables to the practice's server, beside the present ones, and write down what shall change."""
    access = config.practice_access()
    incoming = transfer(tried.loaded, access, file.journal, context.job)
    with working_connection(access, file.journal) as conn:
        outgoing = read_schema(conn, file.journal.database)
    require_makeable(facts, [*incoming.objects, *outgoing.objects])
    begin_swap(file, incoming, outgoing)
