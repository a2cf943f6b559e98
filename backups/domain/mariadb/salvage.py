"""Reading what can still be read of a damaged data folder: forced recovery on a private copy, table by table.

The copy is made anew from the archive for each degree of force, for the higher ones may damage it for good. What a
gentle degree has read to its end is not read again.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import Any

import MySQLdb
from isal import igzip

from backups.domain.archive import remove_on_error
from backups.domain.errors import (
    DatabaseUnreadableError,
    LoginRefusedError,
    NoSpaceError,
    ServerUnreachableError,
    ThrowawayServerError,
)
from backups.domain.job import Job, Progress
from backups.domain.mariadb.counts import find_database
from backups.domain.mariadb.datadir import read_start_options
from backups.domain.mariadb.proof import find_datadir, time_limit
from backups.domain.mariadb.server import quote
from backups.domain.mariadb.tabledump import Client, ask, dump_tables, full_name, is_sound, repair
from backups.domain.mariadb.throwaway import Throwaway, ThrowawayOrder, make_private_folder, throwaway_server
from backups.domain.process import Identity
from backups.domain.reading import BLOCK_BYTES, Reading
from backups.domain.space import SPACE_ERRORS
from backups.domain.unpack import Unpacking, unpack
from oobsite.files import ARCHIVE_MODE

LOG = logging.getLogger(__name__)
LEVELS = range(1, 7)
# Beyond it InnoDB leaves out changes that are only in its logs: what looks sound may be old, or not be there at all.
_LAST_FAITHFUL_LEVEL = 3
_TABLE_SHARE = 0.2
_HEADER = "-- Tables of {database}, recovered from {archive}\n\n"
_ROUTINES = ("--no-data", "--no-create-info", "--skip-triggers", "--routines")
_EVENTS = ("--no-data", "--no-create-info", "--skip-triggers", "--events")
_EXTRAS = ("routines", "views", "events")  # in the order in which they can be loaded
_ADMIN = "oob_salvage"
_TRAILER = "\n-- Dump completed on {at}\n"


@dataclass(frozen=True)
class SalvageOrder:
    """An archive of a data folder that was read and judged; ``variables`` as for a proof."""

    archive: Path
    reading: Reading
    database: str
    identity: Identity
    variables: Mapping[str, Any] = field(default_factory=dict)


class TableState(StrEnum):
    """MENDED: repaired by the server. PARTLY: rows may be missing or old. LOST: not one row was read."""

    WHOLE = "whole"
    MENDED = "mended"
    PARTLY = "partly"
    LOST = "lost"


@dataclass(frozen=True)
class SalvagedTable:
    """A table, or a view, and the file with its SQL (None without any); ``level`` is the force that it took."""

    name: str
    rows: int
    state: TableState
    level: int
    chunk: Path | None = None
    is_read_to_end: bool = True


@dataclass(frozen=True)
class Salvage:
    """What was recovered; ``level`` is the greatest force that was needed. ``unread``: ``routines``, ``events``, when
    nobody can tell whether there were any."""

    database: str
    tables: tuple[SalvagedTable, ...]
    extras: tuple[Path, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def level(self) -> int:
        return max(table.level for table in self.tables if table.state is not TableState.LOST)

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)

    def names(self, *states: TableState) -> list[str]:
        return [table.name for table in self.tables if table.state in states]


def salvage(order: SalvageOrder, job: Job) -> Salvage:
    """Read all tables of the database that can be read. The chunks lie in the job's private folder.

    Raises ``DatabaseUnreadableError`` when not one can be, and what ``unpack`` raises.
    """
    rescue = _Rescue(order, job)
    problem = ""
    for level in LEVELS:
        try:
            rescue.work_at(level)
        except ThrowawayServerError as error:
            problem = error.line
        if rescue.is_complete:
            break
    if not any(table.rows for table in rescue.tables.values()):
        raise DatabaseUnreadableError(order.archive.name, problem)
    tables = (*rescue.tables.values(), *rescue.views.values())
    extras = tuple(rescue.extras[kind] for kind in _EXTRAS if kind in rescue.extras)
    return Salvage(order.database, tables, extras, rescue.unread)


@dataclass
class _Turn:
    """One degree of force on one copy: which tables it has tried."""

    level: int
    tried: set[str] = field(default_factory=set)
    has_aria_log: bool = True
    is_over: bool = False


class _Rescue:
    """What several degrees of force have brought so far, the best of each table."""

    def __init__(self, order: SalvageOrder, job: Job) -> None:
        self.order = order
        self.job = job
        self.tables: dict[str, SalvagedTable] = {}
        self.views: dict[str, SalvagedTable] = {}
        self.extras: dict[str, Path] = {}
        self._has_events = True
        self._chunk_numbers = count(1)
        self._folder = make_private_folder(job.work_dir / "salvage", order.identity)
        self._chunks = job.work_dir / "salvaged"
        self._chunks.mkdir(mode=0o700)

    @property
    def is_complete(self) -> bool:
        return bool(self.tables) and all(table.is_read_to_end for table in self.tables.values())

    @property
    def unread(self) -> tuple[str, ...]:
        wanted = ("routines", "events") if self._has_events else ("routines",)
        return tuple(kind for kind in wanted if kind not in self.extras)

    def work_at(self, level: int) -> None:
        """Read what is missing with one degree of force; a server that dies on a table is started again for the next.

        Raises ``ThrowawayServerError``.
        """
        datadir = self._unpack()
        server_order = self._server_order(datadir, level)
        turn = _Turn(level)
        while not turn.is_over:
            try:
                with throwaway_server(server_order, self.job) as server:
                    self._read_missing(self._client(server), turn)
            except ThrowawayServerError:
                if turn.has_aria_log and _blames_aria(self._folder):
                    turn.has_aria_log = False
                    _remove_aria_log(datadir)
                else:
                    raise
        if "events" in self.unread:
            self._read_events(replace(server_order, admin=_ADMIN), level)

    def _unpack(self) -> Path:
        for path in self._folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        unpacked = make_private_folder(self._folder / "data", self.order.identity)
        unpack(Unpacking(self.order.archive, unpacked, self.order.reading, self.order.identity), self.job)
        datadir = find_datadir(unpacked)
        if datadir is None:
            raise DatabaseUnreadableError(self.order.archive.name, "ibdata1")
        return datadir

    def _server_order(self, datadir: Path, level: int) -> ThrowawayOrder:
        variables = {**self.order.variables, **read_start_options(datadir)}
        identity = self.order.identity
        return ThrowawayOrder(self._folder, datadir, identity, variables, is_prepared=False, force_recovery=level)

    def _client(self, server: Throwaway) -> Client:
        limit = time_limit(self.order.reading.content.tar_bytes) * _TABLE_SHARE
        with server.connect() as conn:
            database = find_database(conn, self.order.database)
        if database is None:
            raise DatabaseUnreadableError(self.order.archive.name, self.order.database)
        return Client(server, database, self.job, limit)

    def _read_missing(self, client: Client, turn: _Turn) -> None:
        """Go through the tables until all had their turn, or the server has died."""
        listed = ask(client, f"SHOW FULL TABLES FROM {quote(client.database)}") or []
        tables = [row[0] for row in listed if row[1] != "VIEW"]
        for name in tables:
            if name in turn.tried or (name in self.tables and self.tables[name].is_read_to_end):
                continue
            turn.tried.add(name)
            done = len(turn.tried) - 1
            self.job.report(Progress("salvage", name, done_items=done, total_items=len(tables)))
            found = self._read(client, name, turn.level)
            self.tables[name] = max(self.tables.get(name, found), found, key=_worth)
            if client.server.child.poll() is not None:
                return
        turn.is_over = True
        self._read_extras(client, [row[0] for row in listed if row[1] == "VIEW"], turn.level)

    def _read(self, client: Client, name: str, level: int) -> SalvagedTable:
        chunk = self._new_chunk()
        dumped, state = dump_tables(client, [name], chunk), TableState.WHOLE
        is_good = dumped.is_read_to_end and is_sound(client, name)
        if not is_good and repair(client, name):
            dumped, state = dump_tables(client, [name], chunk), TableState.MENDED
            is_good = dumped.is_read_to_end and is_sound(client, name)
        if not is_good or level > _LAST_FAITHFUL_LEVEL:
            state = TableState.PARTLY if dumped.rows or dumped.is_read_to_end else TableState.LOST
        return SalvagedTable(name, dumped.rows, state, level, chunk, dumped.is_read_to_end)

    def _new_chunk(self) -> Path:
        return self._chunks / f"{next(self._chunk_numbers)}.sql.gz"

    def _read_extras(self, client: Client, views: Sequence[str], level: int) -> None:
        """Views whose tables are there, and routines. Triggers come with their tables."""
        self._dump_extra(client, "routines", *_ROUTINES)
        self._read_views(client, views, level)
        if ask(client, "SELECT COUNT(*) FROM mysql.event") == [["0"]]:
            self._has_events = False

    def _read_views(self, client: Client, views: Sequence[str], level: int) -> None:
        """Those of the level at which most can be read."""
        sound = [name for name in views if ask(client, f"SHOW FIELDS FROM {full_name(client, name)}") is not None]
        chunk = self._new_chunk()
        is_read = len(sound) > len(self._sound_views) and dump_tables(client, sound, chunk).is_read_to_end
        if is_read:
            self.extras["views"] = chunk
        if is_read or not self.views:
            states = {name: TableState.WHOLE if is_read and name in sound else TableState.LOST for name in views}
            self.views = {name: SalvagedTable(name, 0, state, level) for name, state in states.items()}

    @property
    def _sound_views(self) -> list[str]:
        return [view.name for view in self.views.values() if view.state is TableState.WHOLE]

    def _read_events(self, order: ThrowawayOrder, level: int) -> None:
        """A server that checks no logins hides events. So here is one that does, where an account can be made on it."""
        try:
            with throwaway_server(order, self.job) as server:
                self._dump_extra(self._client(server), "events", *_EVENTS)
        except (ThrowawayServerError, LoginRefusedError, ServerUnreachableError, MySQLdb.Error) as error:
            LOG.warning("events cannot be read with force %s: %r", level, error)

    def _dump_extra(self, client: Client, kind: str, *options: str) -> None:
        """The first level that can read them will do."""
        chunk = self._new_chunk()
        if kind not in self.extras and dump_tables(client, (), chunk, *options).is_read_to_end:
            self.extras[kind] = chunk


def _worth(table: SalvagedTable) -> tuple[bool, int]:
    return table.is_read_to_end, table.rows


def _blames_aria(folder: Path) -> bool:
    log = folder / "error.log"
    lines = log.read_text(errors="replace").splitlines() if log.is_file() else []
    return any("[ERROR]" in line and "aria" in line.lower() for line in lines)


def _remove_aria_log(datadir: Path) -> None:
    """Without its log Aria takes each table for unclean, and REPAIR TABLE mends it."""
    for path in datadir.glob("aria_log*"):
        path.unlink()


def write_sql(found: Salvage, archive: str, path: Path, at: datetime) -> None:
    """Write all chunks as one gzip to ``path``, to the disk when this returns. Raises ``NoSpaceError``."""
    chunks = [table.chunk for table in found.tables if table.chunk is not None]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, ARCHIVE_MODE)
    try:
        with remove_on_error(path), os.fdopen(descriptor, "wb") as out:
            os.fchmod(descriptor, ARCHIVE_MODE)
            out.write(igzip.compress(_HEADER.format(database=found.database, archive=archive).encode()))
            for chunk in (*chunks, *found.extras):
                with chunk.open("rb") as part:
                    shutil.copyfileobj(part, out, BLOCK_BYTES)
            out.write(igzip.compress(_TRAILER.format(at=at.strftime("%Y-%m-%d %H:%M:%S")).encode()))
            out.flush()
            os.fsync(descriptor)
    except OSError as error:
        if error.errno in SPACE_ERRORS:
            raise NoSpaceError(path.parent, sum(chunk.stat().st_size for chunk in chunks)) from error
        raise
