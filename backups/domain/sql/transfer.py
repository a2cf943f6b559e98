"""The practice's server before the exchange: whether it can be done there, and the new tables on it.

What is loaded there is our own dump of the private server, tables alone: no comment, no trigger, no routine, nothing
that the foreign file could have written.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE

from MySQLdb.connections import Connection

from backups.domain.job import Job, Progress, watching
from backups.domain.mariadb import rights
from backups.domain.mariadb.counts import find_database
from backups.domain.mariadb.dump import TOOL
from backups.domain.mariadb.server import (
    Access,
    parse_version,
    practice_connection,
    quote,
    rows,
    value,
    write_defaults_file,
)
from backups.domain.process import Streams, running_child, wait_for
from backups.domain.sql.errors import BinlogTrustError, PacketTooSmallError, SqlTransferError
from backups.domain.sql.journal import SqlJournal
from backups.domain.sql.live import working_connection
from backups.domain.sql.loading import LOAD_OPTIONS, Loaded, shorten
from backups.domain.sql.schema import Schema, SchemaObject, count_all_rows, plan_objects, read_schema
from oobsite.errors import OobError

_ATOMIC_SINCE = (10, 6, 0)
_DUMP_OPTIONS = (
    "--skip-ssl",
    "--quick",
    "--skip-triggers",
    "--skip-comments",
    "--skip-lock-tables",
    "--skip-add-locks",
    "--skip-add-drop-table",
    "--default-character-set=utf8mb4",
    "--max-allowed-packet=1G",
)
_TOO_BIG = re.compile(r"ERROR (?:1153|2006|2013|2020) ")


@dataclass(frozen=True)
class LiveFacts:
    """What the practice's server is; ``database`` as it spells the name, ``can_set_user``: the account may make
    objects of other accounts, ``is_atomic``: one RENAME TABLE is done as a whole or not at all. ``version`` is empty
    when nobody could ask."""

    database: str
    collation: str = ""
    lower_case_table_names: int = 1
    can_set_user: bool = False
    is_atomic: bool = True
    wants_super: bool = False
    version: str = ""


def read_live_facts(access: Access) -> LiveFacts:
    """Look at the practice's server. Raises ``ServerUnreachableError``, ``LoginRefusedError``, ``QueryFailedError``."""
    with practice_connection(access) as conn:
        variables = {str(name): str(text) for name, text in rows(conn, "SHOW GLOBAL VARIABLES")}
        database = find_database(conn, access.database) or access.database
        grants = rights.read_grants(conn)
        trusts = variables.get("log_bin") != "ON" or variables.get("log_bin_trust_function_creators") == "ON"
        return LiveFacts(
            database=database,
            collation=read_schema_collation(conn, database),
            lower_case_table_names=int(variables.get("lower_case_table_names", 1)),
            can_set_user=grants.on_server("SET USER") or grants.on_server("SUPER"),
            is_atomic=parse_version(variables["version"]) >= _ATOMIC_SINCE,
            wants_super=not trusts and not grants.on_server("SUPER"),
            version=variables["version"],
        )


def read_schema_collation(conn: Connection, database: str) -> str:
    query = "SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = %s"
    return str(value(conn, query, (database,)) or "")


def require_rights(access: Access) -> None:
    """What the exchange needs on the practice's server. Raises ``RightsMissingError``."""
    with practice_connection(access) as conn:
        missing = rights.missing_for_restore(rights.read_grants(conn), access.database)
    rights.require(access.user, [right for right in missing if right.startswith("ALL ON")])


def require_makeable(facts: LiveFacts, objects: Sequence[SchemaObject]) -> None:
    """With a binary log a server lets only SUPER make what it would have to repeat. Raises ``BinlogTrustError``."""
    names = list(dict.fromkeys(item.name for item in objects if item.kind in ("FUNCTION", "TRIGGER")))
    if facts.wants_super and names:
        raise BinlogTrustError(names[:10])


def transfer(loaded: Loaded, access: Access, journal: SqlJournal, job: Job) -> Schema:
    """Load the tables into the fresh database of the practice's server; return what shall be live.

    Raises ``SqlTransferError``, ``PacketTooSmallError``, ``TimedOutError``, ``CancelledError``.
    """
    job.enter("transfer", journal.title)
    found = read_loaded(loaded)
    with working_connection(access, journal) as conn:
        make_database(conn, journal.fresh, found)
        live_objects = read_schema(conn, journal.database).objects
    arrived = move_tables(loaded, found, (access, journal.fresh), job)
    return Schema(arrived, plan_objects(found.objects, live_objects), found.charset, found.collation)


def read_loaded(loaded: Loaded) -> Schema:
    with loaded.server.connect() as conn:
        return read_schema(conn, loaded.database)


def make_database(conn: Connection, database: str, schema: Schema) -> None:
    """Make an empty database with the character set of another one."""
    conn.query(f"CREATE DATABASE {quote(database)} CHARACTER SET {schema.charset} COLLATE {schema.collation}")


def move_tables(loaded: Loaded, found: Schema, target: tuple[Access, str], job: Job) -> tuple[str, ...]:
    """Load the tables into an empty database of another server and count their rows there; return their names.

    Raises as ``transfer``.
    """
    with loaded.server.connect() as conn:
        expected = count_all_rows(conn, loaded.database)
    _pump(loaded, found, target, job)
    access, database = target
    with practice_connection(access) as conn:
        arrived = count_all_rows(conn, database)
    wrong = sorted({name for name, _ in arrived.items() ^ expected.items()})
    if wrong:
        raise SqlTransferError(", ".join(wrong[:10]))
    return tuple(arrived)


def _pump(loaded: Loaded, found: Schema, target: tuple[Access, str], job: Job) -> None:
    access, fresh = target
    private = Access("", 0, "root", "", "", socket=loaded.server.socket)
    views = [f"--ignore-table={loaded.database}.{item.name}" for item in found.objects if item.kind == "VIEW"]
    with tempfile.TemporaryDirectory(dir=job.work_dir) as folder, tempfile.TemporaryFile(dir=job.work_dir) as log:
        dump = [TOOL, f"--defaults-file={_login(folder, 'from', private)}", *_DUMP_OPTIONS, *views, loaded.database]
        load = ["mariadb", f"--defaults-file={_login(folder, 'to', access)}", *LOAD_OPTIONS]
        load += ["--default-character-set=utf8mb4", fresh]
        with (
            running_child(dump, job, Streams(stdout=PIPE, stderr=log)) as source,
            running_child(load, job, Streams(stdin=source.stdout or PIPE, stderr=log)) as sink,
        ):
            watched = watching(job, lambda: _measure(target, len(found.tables)))
            status = wait_for(sink, watched, timeout=loaded.seconds)
            status = status or wait_for(source, job, timeout=60)
        if status != 0:
            log.seek(0)
            _complain(log.read().decode(errors="replace"), access)


def _measure(target: tuple[Access, str], total: int) -> Progress:
    """How many tables have begun to arrive."""
    access, fresh = target
    query = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = %s"
    try:
        with practice_connection(access) as conn:
            return Progress("transfer", done_items=int(value(conn, query, (fresh,))), total_items=total)
    except OobError:  # the transfer itself tells what is wrong with the server
        return Progress("transfer", total_items=total)


def _login(folder: str, name: str, access: Access) -> Path:
    own = Path(folder) / name
    own.mkdir()
    return write_defaults_file(own, access)


def _complain(log: str, access: Access) -> None:
    """Raise what the programs have said; a server that still answers has hung up on a row that was too long."""
    if _TOO_BIG.search(log):
        with practice_connection(access) as conn:
            raise PacketTooSmallError(int(value(conn, "SELECT @@max_allowed_packet")))
    raise SqlTransferError(shorten(log))
