"""What SQL restores have kept on the practice's server: journals, undoing, release, and recovery after a crash."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import MySQLdb
from django.conf import settings

from backups.domain.errors import FileSystemError, QueryFailedError
from backups.domain.job import Job
from backups.domain.restore.errors import JournalDamagedError, RestoreSupersededError, RestoreUnknownError
from backups.domain.restore.inplace import InPlace, read_in_place
from backups.domain.restore.journal import Journal, Phase
from backups.domain.restore.stage import list_restores
from backups.domain.sql.errors import SqlKeptAwayError
from backups.domain.sql.exchange import undo_database
from backups.domain.sql.journal import JournalFile, Journals, find_journals
from backups.domain.sql.live import Live
from backups.domain.sql.recovery import release, settle
from backups.domain.sql.transfer import read_live_facts
from backups.models import BackupRun, Source
from backups.services import config
from oobsite.errors import Notice, OobError

logger = logging.getLogger(__name__)


def journals_dir() -> Path:
    return Path(settings.OOB_DATA_DIR) / "sqlrestores"


def database_source() -> Source:
    """The source that holds the practice's database. Raises ``RestoreUnknownError`` when none is configured."""
    source = Source.objects.filter(kind=Source.Kind.MARIADB).first()
    if source is None:
        raise RestoreUnknownError(config.sources_dir(), settings.DBNAME)
    return source


def read_sql_journals() -> Journals:
    """All SQL restores that were interrupted or have kept something, also damaged ones. Raises ``FileSystemError``."""
    try:
        return find_journals(journals_dir())
    except OSError as error:
        raise FileSystemError(str(journals_dir()), error.strerror or str(error)) from error


def read_sql_kept() -> list[JournalFile]:
    """Those whose journals can be read."""
    try:
        return list(read_sql_journals().files)
    except FileSystemError as error:
        logger.warning("%s", error)
        return []


def damaged_id(path: Path) -> str:
    """The id of the SQL restore whose journal ``path`` cannot be read."""
    return path.parent.name


def databases_at_rest() -> tuple[str, ...]:
    """Databases that SQL restores have kept and that hold nothing of the practice's: backups leave them out.

    Those of a restore that is unfinished, or whose journal is damaged, may hold its tables.
    """
    at_rest = [file.journal for file in read_sql_kept() if file.journal.is_at_rest]
    return tuple(name for journal in at_rest for name in (journal.fresh, journal.old))


def find_sql(restore_id: str) -> JournalFile | None:
    """The journal of one SQL restore; None when the restore was of another kind or is gone."""
    return next((file for file in read_sql_kept() if file.journal.id == restore_id), None)


def created_at(file: JournalFile) -> datetime:
    return datetime.fromisoformat(file.journal.created_at)


def make_live(*, counts: dict[str, int] | None = None) -> Live:
    """The practice's server for an exchange. Raises as ``read_live_facts``."""
    access = config.practice_access()
    source = Source.objects.filter(kind=Source.Kind.MARIADB).first()
    datadir = source.folder if source is not None and source.folder.is_dir() else None
    return Live(access, read_live_facts(access).can_set_user, counts or {}, datadir)


def undo_sql(file: JournalFile, job: Job) -> None:
    """Put the tables from before an SQL restore back.

    Raises as ``undo_database``, ``RestoreSupersededError``, ``JournalDamagedError``.
    """
    path = Path(file.journal.database)
    for error in _list_unreadable():
        raise error
    if not file.journal.is_live:
        raise RestoreUnknownError(path, file.journal.id)
    newer = _newer_exchange(file)
    if newer is not None:
        raise RestoreSupersededError(path, file.journal.id, newer)
    for other in read_sql_kept():
        if other.journal.is_live and other.journal.number > file.journal.number:
            raise RestoreSupersededError(path, file.journal.id, other.journal.id)
    undo_database(file, make_live(), job)


def release_sql(file: JournalFile) -> None:
    """Drop what an SQL restore has kept; what is in place stays. Raises ``SqlKeptAwayError`` and as ``settle``."""
    newer = _newer_exchange(file)
    if newer is not None:
        raise SqlKeptAwayError(file.journal.database, file.journal.id, newer)
    _translated(lambda: release(file, config.practice_access()))


def _newer_exchange(file: JournalFile) -> str | None:
    """The later restore that has replaced the whole data folder: what ``file`` has kept went with the old one."""
    source = Source.objects.filter(kind=Source.Kind.MARIADB).first()
    journals = list_restores(source.folder) if source is not None and source.folder.is_dir() else []
    later = [journal.id for journal in journals if journal.is_live and _is_later(journal, file)]
    return later[-1] if later else None


def _is_later(journal: Journal, file: JournalFile) -> bool:
    """By the order of their runs, where these are known: a clock may have been wrong."""
    known = dict(BackupRun.objects.filter(uid__in=(journal.id, file.journal.id)).values_list("uid", "pk"))
    if len(known) == 2:
        return known[journal.id] > known[file.journal.id]
    return datetime.fromisoformat(journal.created_at) >= created_at(file)


def settle_all() -> tuple[list[Notice], list[OobError]]:
    """Bring interrupted SQL restores to rest, for whoever holds the lock; say what became of each.

    A server that does not answer is an error here, and the next recovery tries again.
    """
    notices: list[Notice] = []
    errors: list[OobError] = _list_unreadable()
    for file in read_sql_kept():
        if file.journal.is_at_rest:
            continue
        try:
            notices += _settle(file)
        except OobError as error:
            errors.append(error)
        except OSError as error:
            errors.append(FileSystemError(str(file.folder), error.strerror or str(error)))
    _note_settled()
    return notices, errors


def _list_unreadable() -> list[OobError]:
    try:
        return [JournalDamagedError(path) for path in read_sql_journals().damaged]
    except FileSystemError as error:
        return [error]


def _settle(file: JournalFile) -> list[Notice]:
    live = make_live()
    _translated(lambda: settle(file, live))
    if file.journal.phase in (Phase.SWAPPING, Phase.COMMITTED):  # its tables went with the data folder
        if live.datadir is not None and not list_restores(live.datadir):
            release_sql(file)
        return []
    is_new = file.journal.is_live
    return [Notice(f"sql-recovered-{'new' if is_new else 'old'}", {"database": file.journal.database})]


def settle_before_exchange(say: Callable[[str, Notice], None]) -> None:
    """As ``settle_all``, before the data folder itself is exchanged. What hinders it is said and hinders nobody: a
    server that does not answer is what such a restore is for."""
    notices, errors = settle_all()
    for notice in notices:
        say("info", notice)
    for error in errors:
        say("warning", Notice("sql-left-unfinished", {"reason": str(getattr(error, "reason", error.code))}))


def _note_settled() -> None:
    """Of runs that could not say themselves which tables they have left in place, or at a time when that was open."""
    ended_badly = BackupRun.objects.filter(state__in=(BackupRun.State.INTERRUPTED, BackupRun.State.FAILED))
    for run in ended_badly.filter(action__in=(BackupRun.Action.SQL_RESTORE, BackupRun.Action.UNDO)):
        states = set(run.result.get("in_place", {}).values())
        if is_of_sql(run) and (not states or InPlace.UNFINISHED in states):
            note_sql_in_place(run)


def is_of_sql(run: BackupRun) -> bool:
    """Whether it is a restore of an SQL file, or the undoing of one."""
    restore = BackupRun.objects.filter(uid=run.request.get("restore", run.uid)).first()
    return restore is not None and restore.action == BackupRun.Action.SQL_RESTORE


def _translated(act: Callable[[], object]) -> None:
    try:
        act()
    except MySQLdb.Error as error:
        address = config.practice_access().address
        raise QueryFailedError(address, str(error.args[-1] if error.args else error)) from error


def note_sql_in_place(run: BackupRun) -> None:
    """Write into the result of an SQL restore, or of its undoing, which tables live; as ``note_in_place``."""
    restore_id = run.request.get("restore") or run.uid
    file = find_sql(restore_id)
    source = Source.objects.filter(kind=Source.Kind.MARIADB).first()
    if source is not None:
        state = _judge(file) if file is not None else _judge_missing(restore_id, source)
        run.result = {**run.result, "in_place": {source.name: str(state)}}
        run.save(update_fields=["result"])


def _judge_missing(restore_id: str, source: Source) -> InPlace:
    """Without a journal of tables the whole data folder was exchanged, or nothing; of one that cannot be read nobody
    knows."""
    try:
        if restore_id not in map(damaged_id, read_sql_journals().damaged):
            return read_in_place(source.folder, restore_id)
    except (OobError, OSError) as error:
        logger.warning("restore %s: %r", restore_id, error)
    return InPlace.UNFINISHED


def _judge(file: JournalFile) -> InPlace:
    if file.journal.phase in (Phase.SWAPPING, Phase.COMMITTED):
        return InPlace.UNFINISHED
    return InPlace.NEW if file.journal.is_live else InPlace.OLD
