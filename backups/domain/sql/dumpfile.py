"""An SQL file before anybody runs it: its compression, who wrote it, its character set, whether it is whole."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import libarchive
from isal import igzip_threaded
from libarchive.exception import ArchiveError

from backups.domain.job import Job, Progress
from backups.domain.reading import BLOCK_BYTES, GZIP_ERRORS, HashingReader
from backups.domain.sql.errors import (
    CharsetUnknownError,
    CharsetWrongError,
    NotSqlError,
    SqlDamagedError,
    SqlWideTextError,
)

#: What a user may say of a file, and what MariaDB calls it: its latin1 is Windows' code page.
CHARSETS = {"utf8mb4": "utf8mb4", "latin1": "latin1", "cp1252": "latin1", "cp850": "cp850", "macroman": "macroman"}
_UTF8 = ("utf8", "utf8mb3", "utf8mb4")
_TRAILER = b"-- Dump completed"
_TRAILER_BYTES = 200
_HEAD_BYTES = 1 << 16
_BOM = codecs.BOM_UTF8
_SANDBOX = re.compile(rb"\A/\*M?!999999\\- enable the sandbox mode \*/[ \t\r]*(?=\n|\Z)")
_SET_NAMES = re.compile(rb"^(?:/\*!\d+ )?SET NAMES '?(\w+)", re.MULTILINE | re.IGNORECASE)
_DATA = re.compile(rb"^(?:INSERT|REPLACE) ", re.MULTILINE | re.IGNORECASE)
_MAKERS = {
    "mariadb-dump": re.compile(rb"^-- MariaDB dump ", re.MULTILINE),
    "mysqldump": re.compile(rb"^-- MySQL dump ", re.MULTILINE),
    "phpMyAdmin": re.compile(rb"^-- phpMyAdmin SQL Dump", re.MULTILINE),
    "HeidiSQL": re.compile(rb"^-- HeidiSQL |^/\*!\d+ SET .*\n.*HeidiSQL", re.MULTILINE),
}
_OTHERS = {
    "html": re.compile(rb"<(?:!doctype|html|head|\?xml)", re.IGNORECASE),
    "pdf": re.compile(rb"%PDF"),
    "zip": re.compile(rb"PK\x03\x04"),
    "tar": re.compile(rb".{257}ustar", re.DOTALL),
    "program": re.compile(rb"\x7fELF|MZ\x90|#!"),
}
_FIRST_WORDS = re.compile(
    rb"--|#|/\*|(?:set|create|drop|insert|replace|use|start|begin|lock|unlock|alter|delete|update|truncate|delimiter"
    rb"|grant|load|select|call|do|commit|with|show|analyze|flush|prepare|rename|revoke|shutdown|install)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class DumpFile:
    """What was found in a file; ``compression``: plain, gzip or zstd; sizes in bytes; ``charset``: as the file itself
    tells it, empty when nobody knows; ``maker``: the program that wrote it, empty when unknown."""

    path: Path
    compression: str
    size: int
    plain_bytes: int
    maker: str
    charset: str
    has_set_names: bool
    is_utf8: bool
    is_finished: bool


def read_dump_file(path: Path, job: Job) -> DumpFile:
    """Read a file to its last byte. Raises ``NotSqlError``, ``SqlDamagedError``, ``SqlWideTextError``, ``OSError``."""
    scan = _Scan()
    for block in plain_blocks(path, job, "inspect"):
        if not scan.plain_bytes:
            require_sql(block, path.name)
        scan.feed(block)
    if not scan.plain_bytes:
        raise NotSqlError(path.name, "is-empty")
    is_utf8 = scan.is_utf8()
    names = _find_set_names(scan.head)
    return DumpFile(
        path=path,
        compression=find_compression(path),
        size=path.stat().st_size,
        plain_bytes=scan.plain_bytes,
        maker=_find_maker(scan.head),
        charset=names or ("utf8mb4" if is_utf8 else ""),
        has_set_names=bool(names),
        is_utf8=is_utf8,
        is_finished=_TRAILER in scan.tail,
    )


@dataclass
class _Scan:
    """What must be remembered of the blocks that pass by."""

    plain_bytes: int = 0
    head: bytes = b""
    tail: bytes = b""
    _decoder: codecs.IncrementalDecoder | None = field(default_factory=lambda: codecs.getincrementaldecoder("utf-8")())

    def feed(self, block: bytes) -> None:
        self.plain_bytes += len(block)
        self.head += block[: _HEAD_BYTES - len(self.head)]
        self.tail = (self.tail + block)[-_TRAILER_BYTES:]
        self._decode(block)

    def _decode(self, block: bytes, *, is_last: bool = False) -> None:
        if self._decoder is not None:
            try:
                self._decoder.decode(block, is_last)
            except UnicodeDecodeError:
                self._decoder = None

    def is_utf8(self) -> bool:
        self._decode(b"", is_last=True)
        return self._decoder is not None


def find_compression(path: Path) -> str:
    """By content: a name says nothing."""
    with path.open("rb") as file:
        head = file.read(4)
    if head[:2] == b"\x1f\x8b":
        return "gzip"
    return "zstd" if head == b"\x28\xb5\x2f\xfd" else "plain"


def plain_blocks(path: Path, job: Job, stage: str) -> Iterator[bytes]:
    """The decompressed file in blocks of 1 MiB at most, checked to its last byte by what its compression offers.

    Raises ``SqlDamagedError``, ``CancelledError``, ``OSError``.
    """
    opener = {"gzip": _gzip_blocks, "zstd": _zstd_blocks, "plain": _plain_blocks}[find_compression(path)]
    total = path.stat().st_size
    yield from opener(path, lambda done: job.report(Progress(stage, path.name, done, total)))


def _plain_blocks(path: Path, report: Callable[[int], None]) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            report(file.tell())
            yield block


def _gzip_blocks(path: Path, report: Callable[[int], None]) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        reader = HashingReader(file)
        try:
            with closing(igzip_threaded.open(reader, "rb", block_size=BLOCK_BYTES)) as plain:
                while block := plain.read(BLOCK_BYTES):
                    report(reader.size)
                    yield block
        except GZIP_ERRORS as error:
            raise SqlDamagedError(path.name) from error


def _zstd_blocks(path: Path, report: Callable[[int], None]) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        try:
            with libarchive.fd_reader(file.fileno(), "raw", "zstd", block_size=BLOCK_BYTES) as archive:
                for entry in archive:
                    for block in entry.get_blocks(BLOCK_BYTES):
                        report(file.tell())
                        yield block
        except ArchiveError as error:
            raise SqlDamagedError(path.name) from error


def require_sql(block: bytes, name: str) -> None:
    """Look at the beginning of a decompressed file. Raises ``NotSqlError``, ``SqlWideTextError``."""
    if block[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) or _is_wide(block[:4096]):
        raise SqlWideTextError(name)
    text = block.removeprefix(_BOM).lstrip()
    if not text:
        raise NotSqlError(name, "is-empty")
    for found, pattern in _OTHERS.items():
        if pattern.match(text) or (found == "tar" and pattern.match(block)):
            raise NotSqlError(name, f"is-{found}")
    if b"\0" in block[:4096]:
        raise NotSqlError(name, "is-binary")
    if not _FIRST_WORDS.match(text):
        raise NotSqlError(name, "is-text")


def _is_wide(head: bytes) -> bool:
    """UTF-16 without its mark: plain SQL is mostly ASCII, so that every other byte is zero."""
    few, many = sorted((head[::2].count(0), head[1::2].count(0)))
    return many > len(head) // 4 and few < many // 10


def _find_set_names(head: bytes) -> str:
    """The last one before the first rows: HeidiSQL writes one for old servers and one for new ones."""
    data = _DATA.search(head)
    found = _SET_NAMES.findall(head[: data.start()] if data else head)
    return str(found[-1].decode().lower()) if found else ""


def _find_maker(head: bytes) -> str:
    return next((maker for maker, pattern in _MAKERS.items() if pattern.search(head)), "")


def choose_charset(dump: DumpFile, wanted: str) -> str:
    """The character set with which the client reads a file: what it tells, else what the user says.

    Raises ``CharsetUnknownError`` when neither does, ``CharsetWrongError`` when that cannot be.
    """
    if wanted and (wanted not in CHARSETS or (wanted in _UTF8 and not dump.is_utf8 and not dump.has_set_names)):
        raise CharsetWrongError(dump.path.name, wanted)
    charset = dump.charset or CHARSETS.get(wanted, "")
    if not charset:
        raise CharsetUnknownError(dump.path.name, sorted(CHARSETS))
    return charset


def strip_head(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Leave out the byte order mark and the sandbox line, which old clients reject; lines keep their numbers."""
    first = next(blocks, b"")
    yield _SANDBOX.sub(b"", first.removeprefix(_BOM), count=1)
    yield from blocks
