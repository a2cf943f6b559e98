"""Loading a foreign SQL file where it can do no harm: a private server, an account with rights on one database."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

from backups.domain.errors import NoSpaceError, TimedOutError
from backups.domain.job import Job
from backups.domain.mariadb.counts import count_practice
from backups.domain.mariadb.dump import count_objects
from backups.domain.mariadb.proof import time_limit
from backups.domain.mariadb.server import Access, quote, value, write_defaults_file
from backups.domain.mariadb.throwaway import (
    Throwaway,
    ThrowawayOrder,
    install_database,
    make_private_folder,
    read_server_log,
    throwaway_server,
)
from backups.domain.process import Identity, Streams, running_child, wait_for
from backups.domain.space import LEAST_MISSING, tells_of_full_disk
from backups.domain.sql.definers import DefinerFilter
from backups.domain.sql.dumpfile import DumpFile, plain_blocks, strip_head
from backups.domain.sql.errors import (
    SqlEmptyError,
    SqlForbiddenError,
    SqlOtherDatabaseError,
    SqlRejectedError,
)
from backups.domain.sql.schema import count_all_rows
from backups.domain.unpack import write_all
from oobsite.files import free_bytes

LOADER = "oob_load"
#: A load ends when less than this is free on the disk of the work folder.
LEAST_FREE_BYTES = 500_000_000
LOAD_OPTIONS = ("--batch", "--binary-mode", "--local-infile=0", "--max-allowed-packet=1G", "--skip-ssl")
_COMMAND = re.compile(r"ERROR at line (?P<line>\d+): (?P<text>Unknown command.*)")
_COMPLAINT = re.compile(r"ERROR (?P<number>\d+) \(\w+\) at line (?P<line>\d+)[^:]*: (?P<text>.*)", re.DOTALL)
_NO_DATABASE = 1044
_FORBIDDEN = (1045, 1142, 1143, 1227, 1290, 1370, 1410, 4166)
# These quote what stands in the file, which may be the name of a patient; of a syntax error nothing else is worth
# telling.
_QUOTING = {1064: r".*", 1062: r"'.*' (?=for key)", 1292: r"'.*'(?= for column|$)", 1366: r"'.*'(?= for column)"}
_MOST_TEXT = 200


@dataclass(frozen=True)
class LoadOrder:
    """What is loaded and how: ``database`` and ``lower_case_table_names`` as on the practice's server, ``collation``
    that of its database (empty: the usual one); ``least_free_bytes`` stay free on the disk."""

    dump: DumpFile
    charset: str
    database: str
    identity: Identity
    lower_case_table_names: int = 1
    collation: str = ""
    least_free_bytes: int = LEAST_FREE_BYTES


@dataclass(frozen=True)
class Loaded:
    """A private server that holds what the file says; ``definers``: how many were taken out; ``seconds``: how long
    work on as much data may take."""

    server: Throwaway
    database: str
    definers: int
    seconds: float


@dataclass(frozen=True)
class Summary:
    """What came of a file: exact rows of each table, counts as ``count_practice`` makes them, numbers of objects."""

    tables: dict[str, int]
    counts: dict[str, Any]
    objects: dict[str, int]


@contextmanager
def loaded_server(order: LoadOrder, job: Job) -> Iterator[Loaded]:
    """Load a file into a private server that runs as long as the block.

    Raises ``SqlRejectedError``, ``SqlForbiddenError``, ``SqlOtherDatabaseError``, ``SqlDamagedError``,
    ``NoSpaceError``, ``TimedOutError``, ``CancelledError``, ``ThrowawayServerError``.
    """
    variables = {"lower_case_table_names": order.lower_case_table_names}
    _require_room(order, job)
    folder = make_private_folder(job.work_dir / "sql", order.identity)
    datadir = install_database(folder, order.identity, job, variables)
    start = ThrowawayOrder(folder, datadir, order.identity, variables, is_prepared=False, has_accounts=True)
    with throwaway_server(start, job) as server:
        _make_loader(server, order)
        job.enter("load", order.dump.path.name)
        yield Loaded(server, order.database, load(server, order, job), time_limit(order.dump.plain_bytes))


def _require_room(order: LoadOrder, job: Job) -> None:
    missing = order.dump.plain_bytes + order.least_free_bytes - free_bytes(job.work_dir)
    if missing > 0:
        raise NoSpaceError(job.work_dir, missing)


def _make_loader(server: Throwaway, order: LoadOrder) -> None:
    """An account that may do anything within one database, and nothing else."""
    collation = order.collation if re.fullmatch(r"\w+", order.collation) else "utf8mb4_general_ci"
    with server.connect() as conn:
        known = value(conn, "SELECT 1 FROM information_schema.collations WHERE collation_name = %s", (collation,))
        chosen = f" COLLATE {collation}" if known else ""
        conn.query(f"CREATE DATABASE {quote(order.database)}{chosen}")
        conn.query(f"CREATE USER {LOADER}@localhost")
        conn.query(f"GRANT ALL ON {_escape_wildcards(order.database)}.* TO {LOADER}@localhost")


def _escape_wildcards(database: str) -> str:
    """In a GRANT ``_`` and ``%`` stand for any letter."""
    return quote(re.sub(r"([_%\\])", r"\\\1", database))


def load(server: Throwaway, order: LoadOrder, job: Job) -> int:
    """Load one more file into a private server that has its account; return how many definers were taken out."""
    guarded = replace(job, is_cancelled=_make_guard(order, job))
    defaults = write_defaults_file(job.work_dir, Access("", 0, LOADER, "", "", socket=server.socket))
    command = [
        "mariadb",
        f"--defaults-file={defaults}",
        *LOAD_OPTIONS,
        f"--default-character-set={order.charset}",
        order.database,
    ]
    log_path, definers = job.work_dir / "load.log", DefinerFilter()
    with log_path.open("wb") as log, running_child(command, job, Streams(stdin=PIPE, stderr=log)) as child:
        _feed(definers.filter(strip_head(plain_blocks(order.dump.path, guarded, "load"))), child, guarded)
        status = wait_for(child, guarded, timeout=time_limit(order.dump.plain_bytes))
    if status != 0:
        said = log_path.read_bytes()
        if tells_of_full_disk(said + read_server_log(Path(f"/proc/self/fd/{server.folder_fd}"))):
            raise NoSpaceError(job.work_dir, LEAST_MISSING)
        raise explain_complaint(said.decode(errors="replace"), order.database)
    return definers.count


def _make_guard(order: LoadOrder, job: Job) -> Callable[[], bool]:
    """Asked several times a second while the server works: is there time left, and room on the disk?"""
    limit = time_limit(order.dump.plain_bytes)
    deadline = time.monotonic() + limit

    def guard() -> bool:
        missing = order.least_free_bytes - free_bytes(job.work_dir)
        if missing > 0:
            raise NoSpaceError(job.work_dir, missing)
        if time.monotonic() > deadline:
            raise TimedOutError("mariadb", int(limit))
        return job.is_cancelled()

    return guard


def _feed(blocks: Iterator[bytes], child: Popen[bytes], job: Job) -> None:
    assert child.stdin is not None  # noqa: S101 - PIPE
    try:
        for block in blocks:
            write_all(block, child.stdin.fileno(), job)
        child.stdin.close()
    except BrokenPipeError:
        pass  # the client has ended: its status and log tell why


def explain_complaint(log: str, database: str) -> Exception:
    """The error for what the client has said at its end."""
    command = _COMMAND.search(log)
    if command is not None:
        return SqlForbiddenError(int(command["line"]), command["text"].rstrip("."))
    found = _COMPLAINT.search(log)
    if found is None:
        return SqlRejectedError(0, shorten(log))
    number, line, text = int(found["number"]), int(found["line"]), found["text"].strip()
    other = re.search(r"to database '(.*?)'", text)
    if number == _NO_DATABASE and other is not None and other[1].lower() != database.lower():
        return SqlOtherDatabaseError(line, other[1], database)
    text = (
        shorten(re.sub(_QUOTING[number], "", text, flags=re.DOTALL) if number in _QUOTING else text) or "syntax error"
    )
    if number in (*_FORBIDDEN, _NO_DATABASE):
        return SqlForbiddenError(line, text)
    return SqlRejectedError(line, text)


def shorten(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _MOST_TEXT else f"{plain[:_MOST_TEXT]}…"


def summarize(loaded: Loaded, path: Path) -> Summary:
    """Count what was loaded. Raises ``SqlEmptyError``."""
    with loaded.server.connect() as conn:
        tables = count_all_rows(conn, loaded.database)
        if not tables:
            raise SqlEmptyError(path.name)
        return Summary(tables, count_practice(conn, loaded.database), count_objects(conn, loaded.database))
