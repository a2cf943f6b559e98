"""The practice's server as an SQL restore works on it: one connection at a time, and none but ours."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import MySQLdb
from MySQLdb.connections import Connection

from backups.domain.errors import QueryFailedError
from backups.domain.mariadb.server import Access, connection, rows, value
from backups.domain.sql.errors import TablesBusyError
from backups.domain.sql.journal import SqlJournal

#: How long tables may stay open in somebody's transaction before the exchange gives up.
LOCK_SECONDS = 30
#: How long a server that went away is waited for before it is left to the recovery.
RETURN_SECONDS = 60
_POLL_SECONDS = 0.05
_LOCK_TIMEOUT = 1205
#: The server went away, and may come back.
GONE = ((2006,), (2013,))
_MULTI_STATEMENTS_OFF = 1


@dataclass(frozen=True)
class Live:
    """The practice's server as the exchange uses it. ``counts``: the rows that must be there afterwards, as
    ``count_core`` counts them. ``can_set_user``: the account may make objects of other accounts. ``datadir``: where we
    see the server's files, if we do."""

    access: Access
    can_set_user: bool = False
    counts: Mapping[str, int] = field(default_factory=dict)
    datadir: Path | None = None
    return_seconds: float = RETURN_SECONDS


@contextmanager
def working_connection(access: Access, journal: SqlJournal) -> Iterator[Connection]:
    """A connection that alone works on this restore: what a dead one of ours has left unfinished is ended before.

    Raises ``ServerUnreachableError``, ``LoginRefusedError``, ``QueryFailedError``.
    """
    with connection(access) as conn:
        try:
            forbid_several_statements(conn)
            _end_others(conn, journal)
            rows(conn, "SET SESSION lock_wait_timeout = %s", (LOCK_SECONDS,))
            if value(conn, "SELECT GET_LOCK(%s, %s)", (journal.fresh, 2 * LOCK_SECONDS)) != 1:
                raise TablesBusyError(journal.database, 2 * LOCK_SECONDS)
        except MySQLdb.Error as error:
            raise QueryFailedError(access.address, str(error.args[-1])) from error
        yield conn


def forbid_several_statements(conn: Connection) -> None:
    """What is made of a foreign file is one statement and no more."""
    conn.set_server_option(_MULTI_STATEMENTS_OFF)


def _end_others(conn: Connection, journal: SqlJournal) -> None:
    """The server goes on with the statement of a client that was killed; the files stand still only behind it.

    Raises ``TablesBusyError``.
    """
    deadline = time.monotonic() + LOCK_SECONDS
    while others := _list_others(conn, journal):
        if time.monotonic() > deadline:
            raise TablesBusyError(journal.database, LOCK_SECONDS)
        for number in others:
            with suppress(MySQLdb.OperationalError):  # it has just ended by itself
                rows(conn, f"KILL {number}")
        time.sleep(_POLL_SECONDS)


def _list_others(conn: Connection, journal: SqlJournal) -> list[int]:
    query = (
        "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND user = "
        "SUBSTRING_INDEX(CURRENT_USER(), '@', 1) AND (db = %s OR info LIKE %s)"
    )
    return [int(number) for (number,) in rows(conn, query, (journal.fresh, f"%`{journal.fresh}%"))]


def is_locked(error: Exception) -> bool:
    """Whether somebody else has locked what was asked for."""
    return isinstance(error, MySQLdb.Error) and bool(error.args[:1] == (_LOCK_TIMEOUT,))
