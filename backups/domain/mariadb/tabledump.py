"""One table of a damaged database as SQL, as far as a private server can read it.

mariadb-dump writes each row into a line of its own (an older one with an INSERT for each) and breaks lines nowhere
else, so that what it wrote before it failed can be cut behind the last whole row.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from isal import igzip_threaded

from backups.domain.archive import COMPRESSION_LEVEL
from backups.domain.errors import NoSpaceError, TimedOutError
from backups.domain.job import Job
from backups.domain.mariadb.dump import TOOL
from backups.domain.mariadb.server import parse_version, quote
from backups.domain.mariadb.throwaway import Throwaway
from backups.domain.process import Streams, clean_environment, find_tool, running_child, wait_for

_DUMP_OPTIONS = (
    "--no-defaults",
    "--skip-ssl",
    "--skip-comments",
    # What a dump that ends in its middle would leave behind: a lock, and keys that are not kept.
    "--skip-add-locks",
    "--skip-disable-keys",
    "--skip-lock-tables",
    "--single-transaction",
    "--quick",
    "--hex-blob",
    "--order-by-primary",
    "--default-character-set=utf8mb4",
    "--max-allowed-packet=1G",
)
# The newest mariadb-dump of which it is known that it puts all rows of an INSERT into one line is 10.5.
_LINE_PER_ROW = (10, 11, 0)
# A client of another version would not know it.
_SANDBOX_LINE = b"/*M!999999\\- enable the sandbox mode */"
_INSERT = b"INSERT INTO "
_TRIGGERS = b"/*!50003 "
# What mariadb-dump puts at its end, so that the next table finds the settings of the session as they were.
_TAIL = b"""/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;
/*!40014 SET UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;
/*!40101 SET CHARACTER_SET_RESULTS=@OLD_CHARACTER_SET_RESULTS */;
/*!40101 SET COLLATION_CONNECTION=@OLD_COLLATION_CONNECTION */;
/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;
"""
_LAST_SECONDS = 60
_UNREPAIRABLE = "doesn't support repair"
_ANSWER_COLUMNS = 4  # Table, Op, Msg_type, Msg_text
_FINE = ("ok", "table is already up to date")


@dataclass(frozen=True)
class Client:
    """How client programs reach a private server, and how many seconds one of them may take."""

    server: Throwaway
    database: str
    job: Job
    timeout: float

    def connection_options(self) -> tuple[str, ...]:
        return (f"--socket={self.server.socket}", f"--user={self.server.admin}")


@dataclass(frozen=True)
class Dumped:
    """What a dump has brought. ``is_read_to_end``: the server gave every row that it knows of."""

    rows: int
    is_read_to_end: bool


def dump_tables(client: Client, names: Sequence[str], chunk: Path, *options: str) -> Dumped:
    """Write tables as one gzip to ``chunk``; without names what ``options`` ask for, of the whole database.

    A server that hangs is killed. Raises ``NoSpaceError``, ``CancelledError``.
    """
    raw = chunk.with_suffix(".raw")
    options = (*_row_options(find_tool(TOOL)), *options)
    command = [TOOL, *_DUMP_OPTIONS, *client.connection_options(), *options, client.database, *names]
    status, said = _run(client, command, raw)
    if "errno: 28" in said or "errno 28" in said:
        raise NoSpaceError(raw.parent, raw.stat().st_size)
    rows = _compress(raw, chunk, is_cut=status != 0)
    raw.unlink()
    return Dumped(rows, status == 0)


@cache
def _row_options(tool: str) -> tuple[str, ...]:
    """What lets a program at this path write rows that can be told from one another."""
    answer = subprocess.run([tool, "--version"], env=clean_environment(), capture_output=True, text=True, check=False)
    found = re.search(r"(\d+\.\d+\.\d+)-MariaDB", answer.stdout)
    return () if found is not None and parse_version(found[1]) >= _LINE_PER_ROW else ("--skip-extended-insert",)


def ask(client: Client, statement: str) -> list[list[str]] | None:
    """Rows of a statement, None when the server has no answer; one that hangs is killed."""
    answer = client.job.work_dir / "answer.txt"
    command = ["mariadb", "--no-defaults", "--skip-ssl", "--batch", "--skip-column-names", "--raw"]
    status, _ = _run(client, [*command, *client.connection_options(), f"--execute={statement}"], answer)
    if status != 0:
        return None
    return [line.split("\t") for line in answer.read_text(errors="surrogateescape").splitlines()]


def full_name(client: Client, table: str) -> str:
    return f"{quote(client.database)}.{quote(table)}"


def is_sound(client: Client, table: str) -> bool:
    """Whether CHECK TABLE ends without a complaint."""
    answer = ask(client, f"CHECK TABLE {full_name(client, table)} EXTENDED") or []
    lines = [(row[2], row[3].lower().rstrip(".")) for row in answer if len(row) >= _ANSWER_COLUMNS]
    return bool(lines) and all(kind == "note" or text in _FINE for kind, text in lines)


def repair(client: Client, table: str) -> bool:
    """Let the server repair a table; False when its engine cannot, as InnoDB."""
    answer = ask(client, f"REPAIR TABLE {full_name(client, table)}") or []
    return bool(answer) and not any(_UNREPAIRABLE in word.lower() for row in answer for word in row)


def _run(client: Client, command: Sequence[str], out: Path) -> tuple[int, str]:
    """Exit status and complaints of a client program; it ends by itself when its server is killed for hanging."""
    log_path = client.job.work_dir / "client.log"
    with (
        out.open("wb") as file,
        log_path.open("wb") as log,
        running_child(command, client.job, Streams(stdout=file, stderr=log)) as child,
    ):
        try:
            status = wait_for(child, client.job, timeout=client.timeout)
        except TimedOutError:
            client.server.kill()
            status = wait_for(child, client.job, timeout=_LAST_SECONDS)
    return status, log_path.read_text(errors="replace")


def _compress(raw: Path, chunk: Path, *, is_cut: bool) -> int:
    """Write the lines of a dump that can be loaded again; return the number of rows."""
    count = 0
    with raw.open("rb") as lines, igzip_threaded.open(chunk, "wb", compresslevel=COMPRESSION_LEVEL) as out:
        for line in _whole_statements(lines) if is_cut else lines:
            if not line.startswith(_SANDBOX_LINE):
                out.write(line)
                count += _is_row(line)
    return count


def _is_row(line: bytes) -> bool:
    """A row of its own, or an INSERT of one row."""
    return line.startswith(b"(") or (line.startswith(_INSERT) and not line.endswith(b"VALUES\n"))


def _whole_statements(lines: Iterable[bytes]) -> Iterator[bytes]:
    """What can be loaded of a dump without its end: whole statements, no trigger, and the rows that are there."""
    statement: list[bytes] = []
    for line in lines:
        if line.startswith(_TRIGGERS):
            break
        statement.append(line)
        if line.endswith(b";\n"):
            yield from statement
            statement = []
    yield from _end_insert(statement)
    yield _TAIL


def _end_insert(statement: Sequence[bytes]) -> list[bytes]:
    """Give an INSERT that was cut its end; anything else that was cut is left out."""
    rows = [line.rstrip(b",\n") for line in statement[1:] if line.startswith(b"(") and line.endswith((b"),\n", b")"))]
    if not rows or not statement[0].startswith(_INSERT):
        return []
    return [statement[0], *(row + b",\n" for row in rows[:-1]), rows[-1] + b";\n"]
