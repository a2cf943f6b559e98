"""An SQL dump, good only when it holds all triggers, views, routines and events that the server has.

With too few rights mariadb-dump leaves them out, ends with 0 and says nothing. So the rights are checked before,
and what was written is counted against the server's own counts.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE

from MySQLdb.connections import Connection

from backups.domain.archive import Target, compressed_part, pump
from backups.domain.errors import DumpError, DumpIncompleteError
from backups.domain.job import Job, Progress
from backups.domain.manifest import Content
from backups.domain.mariadb.server import Access, value, write_defaults_file
from backups.domain.process import Streams, running_child, wait_for

TOOL = "mariadb-dump"
_TRAILER = b"-- Dump completed"
_LONGEST_HEAD = 1 << 16
_OBJECT_LINE = re.compile(
    rb"(?:/\*!50003 CREATE\*/ .*?/\*!50003 (?P<triggers>TRIGGER)"
    rb"|/\*!50106 CREATE\*/ .*?/\*!50106 (?P<events>EVENT)"
    rb"|/\*!50001 (?P<views>VIEW) "
    rb"|CREATE DEFINER=.*? (?P<routines>PROCEDURE|FUNCTION|PACKAGE) )"
)
_HEADS = (b"\n/*!50", b"\nCREATE DEFINER=")
_OBJECT_QUERIES = {
    "triggers": "SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = %s",
    "views": "SELECT COUNT(*) FROM information_schema.views WHERE table_schema = %s",
    "routines": "SELECT COUNT(*) FROM information_schema.routines WHERE routine_schema = %s",
    "events": "SELECT COUNT(*) FROM information_schema.events WHERE event_schema = %s",
}
_OUTSIDE_SNAPSHOT = (
    "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = %s "
    "AND table_type = 'BASE TABLE' AND engine <> 'InnoDB'"
)


DUMP_OPTIONS = (
    "--skip-ssl",
    "--single-transaction",
    "--quick",
    "--triggers",
    "--hex-blob",
    "--default-character-set=utf8mb4",
    "--max-allowed-packet=1G",
)
WHOLE_OPTIONS = ("--routines", "--events")


def make_dump_command(defaults: Path, database: str) -> list[str]:
    """The command that writes a database to standard output, InnoDB in one snapshot."""
    return [TOOL, f"--defaults-file={defaults}", *DUMP_OPTIONS, *WHOLE_OPTIONS, "--databases", database]


def count_objects(conn: Connection, database: str) -> dict[str, int]:
    """Triggers, views, routines and events of a database, as far as the account sees them."""
    return {name: int(value(conn, query, (database,))) for name, query in _OBJECT_QUERIES.items()}


def count_outside_snapshot(conn: Connection, database: str) -> int:
    """Tables that a dump does not read in the same moment as the others (MyISAM, Aria and so on)."""
    return int(value(conn, _OUTSIDE_SNAPSHOT, (database,)))


def write_dump(access: Access, target: Target, job: Job, *, timeout: float) -> Content:
    """Write the part file of a dump. Raises ``DumpError``, ``TimedOutError``, ``NoSpaceError``."""
    defaults = write_defaults_file(job.work_dir, access)
    try:
        return run_dump(make_dump_command(defaults, access.database), target, job, timeout=timeout)
    finally:
        defaults.unlink(missing_ok=True)


def run_dump(command: Sequence[str], target: Target, job: Job, *, timeout: float) -> Content:
    """Write the part file of what mariadb-dump says. Raises as ``write_dump``."""
    title, expected = command[-1], target.plain_bytes or None
    job.enter("dump", title, total_bytes=expected)
    with tempfile.TemporaryFile(dir=job.work_dir) as log, compressed_part(target, job) as (compressor, sink):
        with running_child(command, job, Streams(stdout=PIPE, stderr=log)) as child:
            assert child.stdout is not None  # noqa: S101 - PIPE
            plain_bytes = pump(child.stdout, compressor, job, lambda done: Progress("dump", title, done, expected))
            status = wait_for(child, job, timeout=timeout)
        compressor.close()
        sha256 = sink.finish()
        log.seek(0)
        lines = log.read().decode(errors="replace").splitlines()
        if status != 0 or any("Error" in line for line in lines):
            raise DumpError(lines[-1] if lines else f"exit code {status}")
    return Content(sink.size, sha256, plain_bytes)


@dataclass
class DumpScanner:
    """Finds the objects and the closing line of a dump while its blocks pass by."""

    found: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_OBJECT_QUERIES, 0))
    _rest: bytes = b"\n"
    _tail: bytes = b""

    def feed(self, block: bytes) -> None:
        self._tail = (self._tail + block)[-200:]
        text = self._rest + block
        end = text.rfind(b"\n")
        self._scan(text[: end + 1] if end >= 0 else b"")
        # A line longer than this is data; only its beginning could have named an object.
        self._rest = text[end:] if end >= 0 and len(text) - end < _LONGEST_HEAD else b""

    def _scan(self, text: bytes) -> None:
        for head in _HEADS:
            at = text.find(head)
            while at >= 0:
                match = _OBJECT_LINE.match(text, at + 1, min(at + _LONGEST_HEAD, len(text)))
                if match and match.lastgroup:
                    self.found[match.lastgroup] += 1
                at = text.find(head, at + 1)

    @property
    def has_trailer(self) -> bool:
        return _TRAILER in self._tail


def require_complete(scanner: DumpScanner, expected: Mapping[str, int]) -> None:
    """Raise ``DumpIncompleteError`` unless the dump has its closing line and all objects of the server."""
    if not scanner.has_trailer:
        raise DumpIncompleteError("trailer", 1, 0)
    for name, count in expected.items():
        if scanner.found[name] != count:
            raise DumpIncompleteError(name, count, scanner.found[name])
