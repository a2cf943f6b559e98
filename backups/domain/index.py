"""The list of an archive's contents that lies beside it: one JSON line a member, as ``reading`` writes it.

It is read as a stream at every look, which takes a fifth of a second for 100,000 entries, and its hash is compared
with the manifest: there is no copy of it that could be stale.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from isal import igzip

from backups.domain.archive import PART_SUFFIX, remove_on_error
from backups.domain.browse_errors import IndexDamagedError, IndexMissingError
from backups.domain.errors import FileSystemError
from backups.domain.manifest import INDEX_SUFFIX, Content
from backups.domain.names import plain_path
from backups.domain.reading import BLOCK_BYTES, GZIP_ERRORS, LineWriter
from oobsite.files import ARCHIVE_MODE, sync_dir

_LINE = re.compile(
    rb'\{"name":"((?:[^"\\]|\\.)*)","type":"(\w+)","size":(\d+),"mtime":(-?\d+),"mode":"\d+"\}\n', re.DOTALL
)
#: Name as it is escaped, type, size, time.
Line: TypeAlias = tuple[bytes, bytes, bytes, bytes]


@dataclass(frozen=True)
class Index:
    """The list of an archive's contents; ``content`` is what its manifest says, None without one."""

    archive: Path
    content: Content | None = None

    @property
    def path(self) -> Path:
        return self.archive.with_name(self.archive.name + INDEX_SUFFIX)


def read_lines(index: Index) -> Iterator[list[Line]]:
    """All lines, a block of them at a time.

    Raises ``IndexMissingError``, ``FileSystemError``, and ``IndexDamagedError`` behind the last one.
    """
    digest, count, rest = hashlib.sha256(), 0, b""
    try:
        with closing(igzip.open(index.path, "rb")) as file:
            while block := file.read(BLOCK_BYTES):
                digest.update(block)
                text, newline, rest = (rest + block).rpartition(b"\n")
                lines = _LINE.findall(text + newline)
                count += len(lines)
                yield lines
    except FileNotFoundError as error:
        raise IndexMissingError(index.archive.name) from error
    except GZIP_ERRORS as error:
        raise IndexDamagedError(index.archive.name) from error
    except OSError as error:
        raise FileSystemError(str(index.path), error.strerror or str(error)) from error
    expected = index.content
    if rest or (expected is not None and (digest.hexdigest(), count) != (expected.index_sha256, expected.entries)):
        raise IndexDamagedError(index.archive.name)


def is_index_good(index: Index) -> bool:
    """Whether the index is there and is what the manifest says."""
    try:
        for _lines in read_lines(index):
            pass
    except (IndexMissingError, IndexDamagedError, FileSystemError):
        return False
    return True


def escape(path: bytes) -> bytes:
    """A path as the index writes it; a slash is the same there, so that paths can be compared and cut as they are."""
    return json.dumps(os.fsdecode(path))[1:-1].encode()


def unescape(escaped: bytes) -> bytes:
    return escaped if b"\\" not in escaped else os.fsencode(json.loads(b'"' + escaped + b'"'))


def plain(escaped: bytes) -> bytes:
    """As ``plain_path``, of a name as it is escaped; most names need little for that."""
    path = escaped[2:] if escaped[:2] == b"./" else escaped
    if b"./" in path or b"//" in path or path[:1] == b"/" or path[-1:] == b".":
        return plain_path(path)
    return path[:-1] if path[-1:] == b"/" else path


class _Lines:
    """Takes the lines of a new index; a disk that is full makes it one that is not kept, and no more."""

    def __init__(self, file: LineWriter) -> None:
        self._file = file
        self.is_whole = True

    def write(self, data: bytes, /) -> None:
        if self.is_whole:
            try:
                self._file.write(data)
            except OSError:
                self.is_whole = False


@contextmanager
def new_index(index: Index, run_id: str) -> Iterator[LineWriter]:
    """Write an index anew; it has its name only when the block has come to its end."""
    part = index.path.with_name(f"{index.path.name}.{run_id}{PART_SUFFIX}")
    with remove_on_error(part), part.open("xb") as raw:
        os.fchmod(raw.fileno(), ARCHIVE_MODE)
        with closing(igzip.IGzipFile(filename="", mode="wb", compresslevel=1, fileobj=raw, mtime=0)) as file:
            lines = _Lines(file)
            yield lines
        os.fsync(raw.fileno())
    if lines.is_whole:
        part.rename(index.path)
        sync_dir(index.path.parent)
    else:
        part.unlink()
