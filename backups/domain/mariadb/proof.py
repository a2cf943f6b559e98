"""The proof: a private server boots on the unpacked archive, checks every table, and counts what must be there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import MySQLdb
from MySQLdb.connections import Connection

from backups.domain.errors import TimedOutError
from backups.domain.job import Job, Progress
from backups.domain.mariadb.counts import count_core, find_database, list_tables
from backups.domain.mariadb.datadir import read_start_options
from backups.domain.mariadb.dump import count_objects
from backups.domain.mariadb.server import Access, quote, rows, write_defaults_file
from backups.domain.mariadb.throwaway import (
    Throwaway,
    ThrowawayOrder,
    install_database,
    make_private_folder,
    throwaway_server,
)
from backups.domain.process import Identity, Streams, running_child, wait_for
from backups.domain.reading import Reading
from backups.domain.restore.journal import STAGE_PREFIX
from backups.domain.unpack import Unpacking, feed_plain, unpack
from oobsite.errors import Notice, OobError

_CONNECTIONS = 2
_BASE_SECONDS = 600
_SECONDS_PER_GB = 120
_ALL_TABLES = (
    "SELECT table_schema, table_name FROM information_schema.tables "
    "WHERE table_type IN ('BASE TABLE', 'SYSTEM VERSIONED', 'SEQUENCE') "
    "AND table_schema NOT IN ('information_schema', 'performance_schema') ORDER BY data_length DESC"
)
_FINE = ("ok", "table is already up to date")
# The one that is no damage: these engines hold nothing that could be checked.
_UNCHECKABLE = "the storage engine for the table doesn't support check"


@dataclass(frozen=True)
class ProofOrder:
    """An archive that was read and judged, and what its manifest says."""

    archive: Path
    reading: Reading
    database: str
    identity: Identity
    variables: Mapping[str, Any] = field(default_factory=dict)
    counts_before: Mapping[str, Any] = field(default_factory=dict)
    counts_after: Mapping[str, Any] = field(default_factory=dict)
    objects: Mapping[str, int] = field(default_factory=dict)
    is_prepared: bool = True


@dataclass(frozen=True)
class ProofReport:
    """Result of a proof: ``problems`` is empty when the archive is good. Durations in seconds."""

    tables: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Notice, ...] = ()
    seconds: float = 0.0
    entries: int = 0

    @property
    def is_good(self) -> bool:
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        content = asdict(self)
        content["problems"] = [{"code": item.code, "params": dict(item.params)} for item in self.problems]
        return content


def prove_physical(
    order: ProofOrder, job: Job, *, on_running: Callable[[Connection], None] | None = None
) -> ProofReport:
    """Unpack a data folder, boot a private server on it, check and count. The folder is removed by the job's owner.

    ``on_running`` may look into the server; it checks no logins.

    Raises ``OobError`` subclasses for what is no verdict on the archive: no room, cancelled, tool missing.
    """
    started = time.monotonic()
    folder = make_private_folder(job.work_dir / "proof", order.identity)
    unpacked = make_private_folder(folder / "data", order.identity)
    unpack(Unpacking(order.archive, unpacked, order.reading, order.identity), job)
    datadir = find_datadir(unpacked)
    if datadir is None:
        return ProofReport(problems=(Notice("proof-no-database", {}),), seconds=_since(started))
    variables = {**order.variables, **read_start_options(datadir)}
    server_order = ThrowawayOrder(folder, datadir, order.identity, variables, order.is_prepared)
    with throwaway_server(server_order, job) as server:
        tables, problems = check_all_tables(server, order, job)
        job.enter("count", order.archive.name)
        counts, found = _count_and_compare(server, order)
        if on_running is not None:
            with server.connect() as conn:
                on_running(conn)
    return ProofReport(tables, counts, (*problems, *found), _since(started))


def prove_dump(order: ProofOrder, job: Job) -> ProofReport:
    """Load an SQL dump into a fresh private server and count what arrived."""
    started = time.monotonic()
    folder = make_private_folder(job.work_dir / "proof", order.identity)
    datadir = install_database(folder, order.identity, job, order.variables)
    variables = {key: value for key, value in order.variables.items() if key == "lower_case_table_names"}
    server_order = ThrowawayOrder(folder, datadir, order.identity, variables, is_prepared=False, has_accounts=True)
    with throwaway_server(server_order, job) as server:
        problem = _load(server, order, job)
        if problem is not None:
            return ProofReport(problems=(problem,), seconds=_since(started))
        tables, problems = check_all_tables(server, order, job)
        job.enter("count", order.archive.name)
        counts, found = _count_and_compare(server, order)
        missing = _compare_objects(server, order)
    return ProofReport(tables, counts, (*problems, *found, *missing), _since(started))


def _since(started: float) -> float:
    return round(time.monotonic() - started, 1)


def find_datadir(folder: Path) -> Path | None:
    """The folder with ``ibdata1``: the top, or below it in the oldest archives of the predecessor; None when there
    is none, for a server would make a new and empty database."""
    found = sorted((path.relative_to(folder) for path in folder.glob("**/ibdata1")), key=lambda path: len(path.parts))
    in_place = [path for path in found if not any(part.startswith(STAGE_PREFIX) for part in path.parts)]
    return folder / in_place[0].parent if in_place else None


def time_limit(plain_bytes: int) -> float:
    """Seconds that a check may take: ten minutes, and two more for each GB."""
    return _BASE_SECONDS + _SECONDS_PER_GB * plain_bytes / 1e9


def check_all_tables(server: Throwaway, order: ProofOrder, job: Job) -> tuple[int, list[Notice]]:
    """CHECK TABLE … EXTENDED for every table; return their number and what is wrong.

    A check that hangs is ended with SIGKILL: damaged InnoDB files do that (raises ``TimedOutError``).
    """
    limit = time_limit(order.reading.content.tar_bytes)
    deadline = time.monotonic() + limit
    job.enter("check", order.archive.name)
    with server.connect() as conn:
        tables = [(str(schema), str(name)) for schema, name in rows(conn, _ALL_TABLES)]
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        futures = [pool.submit(_check_table, server, *table) for table in tables]
        try:
            if not _await(futures, job, order.archive.name, deadline):
                raise TimedOutError("CHECK TABLE", int(limit))
        except BaseException:
            # A dead server ends the checks that wait in it.
            pool.shutdown(wait=False, cancel_futures=True)
            server.kill()
            raise
    return len(tables), [problem for future in futures for problem in future.result()]


def _await(futures: list[Future[list[Notice]]], job: Job, name: str, deadline: float) -> bool:
    """Wait for all checks; False when the time is over."""
    pending = set(futures)
    while pending and time.monotonic() < deadline:
        _, pending = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
        job.report(Progress("check", name, done_items=len(futures) - len(pending), total_items=len(futures)))
        job.check_cancelled()
    return not pending


def _check_table(server: Throwaway, schema: str, name: str) -> list[Notice]:
    table = f"{schema}.{name}"
    try:
        with server.connect() as conn:
            answer = rows(conn, f"CHECK TABLE {quote(schema)}.{quote(name)} EXTENDED")
    except (MySQLdb.Error, OobError) as error:
        return [Notice("proof-table-damaged", {"table": table, "text": str(error)})]
    return [Notice("proof-table-damaged", {"table": table, "text": text}) for text in _bad_lines(answer)]


def _bad_lines(answer: list[tuple[Any, ...]]) -> list[str]:
    """Of the rows (Table, Op, Msg_type, Msg_text): every warning and error, and any status but OK."""
    bad = []
    for _table, _op, kind, text in answer:
        plain = str(text).lower().rstrip(".")
        if plain == _UNCHECKABLE or (kind == "status" and plain in _FINE):
            continue
        if kind != "note":
            bad.append(f"{kind}: {text}")
    return bad


def _count_and_compare(server: Throwaway, order: ProofOrder) -> tuple[dict[str, int], list[Notice]]:
    try:
        with server.connect() as conn:
            name = find_database(conn, order.database)
            tables = list_tables(conn, name) if name is not None else {}
            counts = count_core(conn, name, tables) if name is not None else {}
    except (MySQLdb.Error, OobError) as error:
        return {}, [Notice("proof-counting-failed", {"text": str(error)})]
    missing = find_missing_tables(tables, order)
    return counts, [*missing, *compare_counts(counts, order.counts_before, order.counts_after)]


def find_missing_tables(found: Iterable[str], order: ProofOrder) -> list[Notice]:
    """Tables that were there before and after the backup must be in the proof, whatever the case of their names.

    An archive without a manifest must hold at least one table of the practice's database.
    """
    present = {name.lower() for name in found}
    if not order.counts_before and not present:
        return [Notice("proof-database-missing", {"database": order.database})]
    if order.counts_before.get("ddl") != order.counts_after.get("ddl"):
        return []  # tables came and went meanwhile: only the counts of the core tables can be held against it
    expected = {*order.counts_before.get("tables", ())} & {*order.counts_after.get("tables", ())}
    missing = sorted(name for name in expected if name.lower() not in present)
    return [Notice("proof-tables-missing", {"count": len(missing), "names": missing[:10]})] if missing else []


def compare_counts(found: Mapping[str, int], before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Notice]:
    """The proof's rows must lie between those before and those after the backup, table by table."""
    first, second = before.get("core", {}), after.get("core", {})
    problems = []
    for table in sorted({*first, *second}):
        low, high = sorted((first.get(table, second.get(table)), second.get(table, first.get(table))))
        rows_found = found.get(table, 0)
        if not low <= rows_found <= high:
            params = {"table": table, "found": rows_found, "low": low, "high": high}
            problems.append(Notice("proof-count-wrong", params))
    return problems


_LOADER = "oob_load"


def _load(server: Throwaway, order: ProofOrder, job: Job) -> Notice | None:
    """Load the dump as an account with rights on one database; return what the client complained of."""
    with server.connect() as conn, conn.cursor() as cursor:
        cursor.execute(f"CREATE USER {_LOADER}@localhost")
        cursor.execute(f"GRANT ALL ON {quote(order.database)}.* TO {_LOADER}@localhost")
        # Views, routines and triggers name their definer; here that account need not exist.
        cursor.execute(f"GRANT SET USER ON *.* TO {_LOADER}@localhost")
    defaults = write_defaults_file(job.work_dir, Access("", 0, _LOADER, "", "", socket=server.socket))
    command = [
        "mariadb",
        f"--defaults-file={defaults}",
        "--batch",
        "--binary-mode",
        "--local-infile=0",
        "--max-allowed-packet=1G",
        "--skip-ssl",
    ]
    log_path = job.work_dir / "load.log"
    with log_path.open("wb") as log, running_child(command, job, Streams(stdin=-1, stderr=log)) as child:
        assert child.stdin is not None  # noqa: S101 - PIPE
        name, total = order.archive.name, order.reading.content.size or None
        job.enter("load", name, total_bytes=total)
        feed_plain(order.archive, child.stdin, job, lambda done: Progress("load", name, done, total))
        status = wait_for(child, job, timeout=time_limit(order.reading.content.tar_bytes))
    if status == 0:
        return None
    return Notice("proof-load-failed", {"text": log_path.read_text(errors="replace").strip()[-300:]})


def _compare_objects(server: Throwaway, order: ProofOrder) -> list[Notice]:
    with server.connect() as conn:
        name = find_database(conn, order.database) or order.database
        found = count_objects(conn, name)
    return [
        Notice("proof-objects-wrong", {"what": what, "found": found.get(what, 0), "expected": expected})
        for what, expected in order.objects.items()
        if found.get(what, 0) != expected
    ]
