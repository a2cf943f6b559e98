"""The moves of an exchange: one RENAME TABLE for all tables, and the views, routines, triggers and events behind it."""

from __future__ import annotations

import MySQLdb
from MySQLdb.connections import Connection

from backups.domain.mariadb.server import quote, rows
from backups.domain.restore.journal import Direction, Phase
from backups.domain.sql.errors import KeptTablesMissingError
from backups.domain.sql.journal import SqlJournal
from backups.domain.sql.live import GONE, Live, is_locked
from backups.domain.sql.schema import Schema, drop_objects, list_all_tables, make_objects, set_collation


def plan_renames(conn: Connection, journal: SqlJournal) -> list[str]:
    """What of a RENAME TABLE is still to be done; empty when all tables are where they shall be."""
    live = {*list_all_tables(conn, journal.database)}
    gone = {*list_all_tables(conn, journal.outgoing_home)}
    waiting = {*list_all_tables(conn, journal.incoming_home)}
    database, home, away = quote(journal.database), quote(journal.incoming_home), quote(journal.outgoing_home)
    leaving = [name for name in journal.outgoing.tables if name in live and name not in gone]
    coming = [name for name in journal.incoming.tables if name in waiting]
    pairs = [f"{database}.{quote(name)} TO {away}.{quote(name)}" for name in leaving]
    return pairs + [f"{home}.{quote(name)} TO {database}.{quote(name)}" for name in coming]


def rename_tables(conn: Connection, pairs: list[str]) -> None:
    """One statement for all: it is done as a whole, or not at all where the server knows that."""
    if pairs:
        conn.query(f"RENAME TABLE {', '.join(pairs)}")


def complete(conn: Connection, journal: SqlJournal, live: Live) -> None:
    set_collation(conn, journal.database, journal.incoming)
    drop_objects(conn, journal.database, journal.incoming.objects)
    make_objects(conn, journal.database, journal.incoming.objects, can_set_user=live.can_set_user)


def rest_of(journal: SqlJournal) -> Phase:
    return Phase.KEPT if journal.direction is Direction.FORWARD else Phase.UNDONE


def require_kept(conn: Connection, database: str, schema: Schema) -> None:
    present = {*list_all_tables(conn, database)}
    missing = [name for name in schema.tables if name not in present or not _can_open(conn, database, name)]
    if missing:
        raise KeptTablesMissingError(database, missing[:10])


def _can_open(conn: Connection, database: str, table: str) -> bool:
    """A table may have a definition and lack its files. One that somebody has locked is there."""
    query = f"SELECT 1 FROM {quote(database)}.{quote(table)} LIMIT 0"  # noqa: S608
    try:
        rows(conn, f"SET STATEMENT lock_wait_timeout=1 FOR {query}")
    except MySQLdb.Error as error:
        if error.args[:1] in GONE:
            raise
        return is_locked(error)
    return True
