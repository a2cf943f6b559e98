"""SQL from an archive of a database: a private server starts on a copy of its files and is dumped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from backups.domain.archive import Target, remove_on_error
from backups.domain.browse_errors import ExportStartError, TableMissingError
from backups.domain.errors import DamagedArchiveError, ThrowawayServerError
from backups.domain.job import Job
from backups.domain.mariadb.counts import find_database, list_tables
from backups.domain.mariadb.datadir import read_start_options
from backups.domain.mariadb.dump import (
    DUMP_OPTIONS,
    TOOL,
    WHOLE_OPTIONS,
    DumpScanner,
    count_objects,
    require_complete,
    run_dump,
)
from backups.domain.mariadb.proof import ProofOrder, find_datadir, time_limit
from backups.domain.mariadb.throwaway import Throwaway, ThrowawayOrder, make_private_folder, throwaway_server
from backups.domain.reading import read_gz
from backups.domain.unpack import Unpacking, unpack

_NAMES_SAID = 200
_ADMIN = "oob_export"


@dataclass(frozen=True)
class Exported:
    """The part file of ``Target`` is written. ``tables``: how many are in it; ``size`` in bytes."""

    tables: int
    size: int


def export_sql(order: ProofOrder, table: str, target: Target, job: Job) -> Exported:
    """Write one table, or the whole database without one, as SQL into the part file of ``target``.

    The SQL names no database: it is loaded into the one that is chosen there.
    Raises ``ExportStartError``, ``TableMissingError``, ``DumpError``, ``DumpIncompleteError`` and as ``unpack``.
    """
    folder = make_private_folder(job.work_dir / "export", order.identity)
    datadir = _unpack(order, folder, job)
    variables = {**order.variables, **read_start_options(datadir)}
    server_order = ThrowawayOrder(folder, datadir, order.identity, variables, order.is_prepared, admin=_ADMIN)
    try:
        with throwaway_server(server_order, job) as server:
            return _dump(server, order, table, target, job)
    except ThrowawayServerError as error:
        raise ExportStartError(order.archive.name, error.line) from error


def _unpack(order: ProofOrder, folder: Path, job: Job) -> Path:
    unpacked = make_private_folder(folder / "data", order.identity)
    unpack(Unpacking(order.archive, unpacked, order.reading, order.identity), job)
    datadir = find_datadir(unpacked)
    if datadir is None:
        raise ExportStartError(order.archive.name, "ibdata1")
    return datadir


def _dump(server: Throwaway, order: ProofOrder, table: str, target: Target, job: Job) -> Exported:
    with server.connect() as conn:
        database = find_database(conn, order.database)
        if database is None:
            raise ExportStartError(order.archive.name, order.database)
        tables = list(list_tables(conn, database))
        expected = {} if table else count_objects(conn, database)
    wanted = [_find_table(table, tables)] if table else []
    options = DUMP_OPTIONS if table else (*DUMP_OPTIONS, *WHOLE_OPTIONS)
    command = [TOOL, "--no-defaults", f"--socket={server.socket}", f"--user={_ADMIN}", *options, database, *wanted]
    written = run_dump(command, target, job, timeout=time_limit(order.reading.content.tar_bytes))
    _read_back(target, written.sha256, expected, job)
    return Exported(len(wanted) or len(tables), written.size)


def _find_table(name: str, tables: list[str]) -> str:
    """The table as the server spells it."""
    found = next((table for table in tables if table.lower() == name.lower()), None)
    if found is None:
        raise TableMissingError(name, tables[:_NAMES_SAID])
    return found


def _read_back(target: Target, sha256: str, expected: dict[str, int], job: Job) -> None:
    """What lies on the disk must be what was written, with its last line and all objects."""
    part = target.part(job.run_id)
    scanner = DumpScanner()
    with remove_on_error(part):
        if read_gz(part, job, scanner.feed).sha256 != sha256:
            raise DamagedArchiveError(part, "checksum")
        require_complete(scanner, expected)
