"""The exchange of all tables of a database, on the running server, by one RENAME TABLE.

Where each table lies tells how far it is, so it can be ended or turned back at any moment. Since 10.6 the statement is
done as a whole or not at all; older servers do not get here (``sqlrestoring``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import MySQLdb
from MySQLdb.connections import Connection

from backups.domain.errors import QueryFailedError, ServerUnreachableError
from backups.domain.job import Job
from backups.domain.mariadb.counts import count_core
from backups.domain.mariadb.server import quote
from backups.domain.restore.errors import RestoredContentError
from backups.domain.restore.journal import LOG, Phase
from backups.domain.sql import live as server
from backups.domain.sql.errors import (
    SqlExchangeError,
    SqlRolledBackError,
    SqlUnsettledError,
    TablesBusyError,
)
from backups.domain.sql.journal import JournalFile, SqlJournal, new_journal
from backups.domain.sql.live import Live, working_connection
from backups.domain.sql.moves import complete, plan_renames, rename_tables, require_kept, rest_of
from backups.domain.sql.recovery import settle
from backups.domain.sql.schema import Schema, drop_objects, list_all_tables, read_schema
from oobsite.errors import OobError

_POLL_SECONDS = 0.5
_SLACK_ROWS = 100
_SLACK_SHARE = 0.01


@contextmanager
def restoring_sql(folder: Path, journal: SqlJournal, live: Live) -> Iterator[JournalFile]:
    """One restore, with its journal below ``folder``; what the block has not brought to rest is taken back."""
    file = new_journal(folder, journal)
    try:
        yield file
    except SqlUnsettledError:
        raise
    except BaseException:
        if file.folder.exists():
            try:
                settle(file, live, is_given_up=True)
            except (OobError, OSError, MySQLdb.Error):
                LOG.exception("SQL restore %s is left to the recovery", journal.id)
        raise


def swap_database(file: JournalFile, live: Live, job: Job) -> float:
    """Put the tables of ``journal.incoming`` in place of the present ones; return how many seconds it took.

    Raises ``SqlRolledBackError``, ``TablesBusyError``, ``SqlExchangeError``, ``CancelledError``: the old tables are
    in place; ``SqlUnsettledError``: the recovery has to end it.
    """
    job.check_cancelled()
    return _swap(file, live)


def _swap(file: JournalFile, live: Live) -> float:
    started = time.monotonic()
    _settled_on_error(file, live, _exchange)
    _settled_on_error(file, live, _finish)
    return time.monotonic() - started


def begin_swap(file: JournalFile, incoming: Schema, outgoing: Schema) -> None:
    """Write down what shall change places, before anything does."""
    file.write(phase=Phase.SWAPPING, before=file.journal.phase, incoming=incoming, outgoing=outgoing)


def undo_database(file: JournalFile, live: Live, job: Job) -> None:
    """Put the tables from before a restore back; those that it brought, and what was made since, are kept instead.

    Raises as ``swap_database``, and ``KeptTablesMissingError``.
    """
    job.check_cancelled()
    with working_connection(live.access, file.journal) as conn:
        require_kept(conn, file.journal.old, file.journal.outgoing)
        turned = file.journal.turned()
        present = read_schema(conn, file.journal.database)
        file.write(
            phase=Phase.SWAPPING,
            before=file.journal.phase,
            direction=turned.direction,
            incoming=turned.incoming,
            outgoing=present,
        )
    _swap(file, live)


def _settled_on_error(file: JournalFile, live: Live, act: Callable[[Connection, JournalFile, Live], None]) -> None:
    """Run a step on a connection of its own; when it fails, the exchange is turned back as soon as the server is
    there."""
    try:
        with working_connection(live.access, file.journal) as conn:
            act(conn, file, live)
    except (MySQLdb.Error, QueryFailedError, ServerUnreachableError, RestoredContentError, TablesBusyError) as error:
        was_live = file.journal.phase is Phase.COMMITTED
        _turn_back(file, live, error)
        raise _explain(error, file.journal.database, was_live=was_live) from error


def _explain(error: Exception, database: str, *, was_live: bool) -> Exception:
    if isinstance(error, TablesBusyError) or server.is_locked(error):
        return TablesBusyError(database, server.LOCK_SECONDS)
    return (SqlRolledBackError if was_live else SqlExchangeError)(database, _text(error))


def _text(error: Exception) -> str:
    """What the server says, or the code of an error of ours."""
    if isinstance(error, MySQLdb.Error) and error.args:
        return str(error.args[-1])
    return error.code if isinstance(error, OobError) else str(error)


def _turn_back(file: JournalFile, live: Live, error: Exception) -> None:
    deadline = time.monotonic() + live.return_seconds
    while True:
        try:
            settle(file, live, is_given_up=True)
        except (ServerUnreachableError, MySQLdb.OperationalError, QueryFailedError) as again:
            if time.monotonic() > deadline:
                raise SqlUnsettledError(file.journal.database, file.journal.id, _text(again)) from error
            time.sleep(_POLL_SECONDS)
        else:
            return


def _exchange(conn: Connection, file: JournalFile, live: Live) -> None:
    """Until COMMITTED all can be turned back."""
    journal = file.journal
    LOG.info("sql journal %s: make %s", journal.id, journal.outgoing_home)
    for database in (journal.outgoing_home, journal.database):  # of an empty server both are missing
        conn.query(f"CREATE DATABASE IF NOT EXISTS {quote(database)}")
    LOG.info("sql journal %s: drop objects", journal.id)
    drop_objects(conn, journal.database, journal.incoming.objects, are_tables_leaving=True)
    LOG.info("sql journal %s: rename", journal.id)
    rename_tables(conn, plan_renames(conn, journal))
    file.write(phase=Phase.COMMITTED)


def _finish(conn: Connection, file: JournalFile, live: Live) -> None:
    """What follows when the tables are in place; may be repeated."""
    journal = file.journal
    LOG.info("sql journal %s: make objects", journal.id)
    complete(conn, journal, live)
    _require_content(conn, journal, live)
    file.write(phase=rest_of(journal))


def _require_content(conn: Connection, journal: SqlJournal, live: Live) -> None:
    present = list_all_tables(conn, journal.database)
    problems = sorted({*journal.incoming.tables} ^ {*present})
    if not problems and live.counts:
        counts = count_core(conn, journal.database, dict.fromkeys(present, 0))
        problems = [name for name, count in live.counts.items() if _is_off(counts.get(name, 0), count)]
    if problems:
        raise RestoredContentError(problems[:10])


def _is_off(found: int, expected: int) -> bool:
    """The practice's programs write at once: the exact count was taken before the exchange."""
    return abs(found - expected) > max(_SLACK_ROWS, expected * _SLACK_SHARE)
