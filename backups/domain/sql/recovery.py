"""The end of an SQL restore that was interrupted, and of one whose old tables are not needed any more."""

from __future__ import annotations

import MySQLdb
from MySQLdb.connections import Connection

from backups.domain.mariadb.server import Access, quote, value
from backups.domain.restore.journal import LOG, Phase
from backups.domain.sql.journal import JournalFile, SqlJournal
from backups.domain.sql.live import GONE, Live, working_connection
from backups.domain.sql.moves import complete, plan_renames, rename_tables, require_kept, rest_of
from backups.domain.sql.schema import drop_objects
from backups.domain.sql.strays import gather_strays

_EXCHANGING = (Phase.SWAPPING, Phase.COMMITTED)


def settle(file: JournalFile, live: Live, *, is_given_up: bool = False) -> Phase:
    """Bring a restore to rest: given up until COMMITTED, ended from then on (turned back when ``is_given_up``).

    Returns the phase that it had. An exchange of data that are not there is left as it is: the data folder itself was
    restored meanwhile, and it may come back. May be killed and repeated. Raises ``MySQLdb.Error``,
    ``ServerUnreachableError``, ``LoginRefusedError``, ``QueryFailedError``.
    """
    phase = file.journal.phase
    if file.journal.is_at_rest:
        return phase
    with working_connection(live.access, file.journal) as conn:
        if phase in _EXCHANGING and not _is_here(conn, file.journal):
            return phase
        _mend(conn, file.journal, live)
        if phase is Phase.COMMITTED:
            if not is_given_up and _try_complete(conn, file, live):
                return phase
            file.write(phase=Phase.SWAPPING)
        if file.journal.phase is Phase.SWAPPING:
            _give_up(conn, file, live)
        if file.journal.phase in (Phase.STAGING, Phase.RELEASED):
            _drop_all(conn, file)
    return phase


def _is_here(conn: Connection, journal: SqlJournal) -> bool:
    """Whether the server has a database of this exchange; both stay until it is at rest."""
    query = "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name IN (%s, %s)"
    return bool(value(conn, query, (journal.fresh, journal.old)))


def _mend(conn: Connection, journal: SqlJournal, live: Live) -> None:
    """What a server that was killed has left of tables in two places."""
    if live.datadir is not None and gather_strays(live.datadir, (journal.database, journal.fresh, journal.old)):
        conn.query("FLUSH TABLES")


def _try_complete(conn: Connection, file: JournalFile, live: Live) -> bool:
    """The end of an exchange without its test: the practice has worked on the new tables meanwhile."""
    try:
        complete(conn, file.journal, live)
    except MySQLdb.Error as error:
        if error.args[:1] in GONE:
            raise
        return False
    file.write(phase=rest_of(file.journal))
    return True


def _give_up(conn: Connection, file: JournalFile, live: Live) -> None:
    turned = file.journal.turned()
    LOG.info("sql journal %s: turn back", turned.id)
    conn.query(f"CREATE DATABASE IF NOT EXISTS {quote(turned.outgoing_home)}")
    pairs = plan_renames(conn, turned)
    drop_objects(conn, turned.database, turned.incoming.objects, are_tables_leaving=bool(pairs))
    rename_tables(conn, pairs)
    require_kept(conn, turned.database, turned.incoming)  # nothing may be dropped that is not back
    complete(conn, turned, live)
    if file.journal.before is Phase.KEPT:  # an undo that is given up
        file.write(phase=Phase.KEPT, direction=turned.direction, incoming=turned.incoming, outgoing=turned.outgoing)
    else:
        file.write(phase=Phase.RELEASED)


def release(file: JournalFile, access: Access) -> None:
    """Drop what a restore has kept. Raises as ``settle``."""
    with working_connection(access, file.journal) as conn:
        file.write(phase=Phase.RELEASED)
        _drop_all(conn, file)


def _drop_all(conn: Connection, file: JournalFile) -> None:
    journal = file.journal
    conn.query("SET SESSION foreign_key_checks = 0")
    for database in (journal.fresh, journal.old):
        LOG.info("sql journal %s: drop %s", journal.id, database)
        conn.query(f"DROP DATABASE IF EXISTS {quote(database)}")
    file.remove()
