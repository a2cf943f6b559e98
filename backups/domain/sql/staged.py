"""The tables of an SQL file in a staged copy of the practice's data folder.

Before MariaDB 10.6 a RENAME TABLE of many tables may be done by half when the server dies in it; the exchange of a
whole data folder is not. A private server works on the copy, so it must be of the very series that will read it: a
newer one writes what the practice's server could not read any more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from MySQLdb.connections import Connection

from backups.domain.job import Job
from backups.domain.mariadb.proof import ProofOrder, check_all_tables
from backups.domain.mariadb.server import Access, parse_version, quote, value
from backups.domain.mariadb.throwaway import (
    Throwaway,
    ThrowawayOrder,
    make_private_folder,
    read_program_version,
    shut_down,
    throwaway_server,
)
from backups.domain.process import Identity
from backups.domain.restore.stage import Stage, owner_of
from backups.domain.sql.errors import SqlTransferError
from backups.domain.sql.live import forbid_several_statements
from backups.domain.sql.loading import Loaded
from backups.domain.sql.schema import make_objects, plan_objects, read_schema
from backups.domain.sql.transfer import make_database, move_tables, read_loaded


@dataclass(frozen=True)
class StagedOrder:
    """``stage`` holds a ready copy of the practice's data folder, ``proof`` says what is in it, ``database`` is the one
    to be replaced."""

    stage: Stage
    proof: ProofOrder
    database: str


def is_same_series(version: str) -> bool:
    """Whether our server program may work on files that a server of this version shall read."""
    return bool(version) and parse_version(read_program_version())[:2] == parse_version(version)[:2]


def replace_database(order: StagedOrder, loaded: Loaded, job: Job) -> None:
    """Put what was loaded in the place of the database in the staged copy, check all tables, end the server cleanly.

    Raises ``SqlTransferError`` and as ``throwaway_server``: the staged copy is worth nothing then.
    """
    # The server holds the lock of the stage, too: nobody removes the folder while it writes.
    job = replace(job, lock_fd=order.stage.lock_fd)
    start = _make_order(order, job)
    with throwaway_server(start, job) as server:
        _replace(server, order.database, loaded, job)
        _tables, problems = check_all_tables(server, order.proof, job)
        if problems:
            raise SqlTransferError(str(problems[0].params.get("table", problems[0].code)))
        with server.connect() as conn:
            _drop_account(conn, server.admin)
        shut_down(server, job)


def _make_order(order: StagedOrder, job: Job) -> ThrowawayOrder:
    identity = Identity(*owner_of(order.stage.target))
    folder = make_private_folder(job.work_dir / "staged", identity)
    admin = f"oob_{job.run_id}"
    datadir: Path = order.stage.new_dir
    return ThrowawayOrder(folder, datadir, identity, order.proof.variables, is_prepared=False, admin=admin)


def _replace(server: Throwaway, database: str, loaded: Loaded, job: Job) -> None:
    found = read_loaded(loaded)
    with server.connect() as conn:
        present = read_schema(conn, database).objects
        conn.query(f"DROP DATABASE IF EXISTS {quote(database)}")
        make_database(conn, database, found)
    move_tables(loaded, found, (Access("", 0, server.admin, "", database, socket=server.socket), database), job)
    with server.connect() as conn:
        forbid_several_statements(conn)
        make_objects(conn, database, plan_objects(found.objects, present), can_set_user=True)


def _drop_account(conn: Connection, user: str) -> None:
    """The account that let us in must not come to the practice's server."""
    conn.query(f"DROP USER {user}@localhost")
    if value(conn, "SELECT COUNT(*) FROM mysql.user WHERE User = %s", (user,)):
        raise SqlTransferError(user)
