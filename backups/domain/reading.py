"""Reading an archive to its last byte: hash of the bytes on disk, gzip, and every entry of the tar.

isal decompresses in a thread of its own, libarchive judges the entries, and each entry becomes one JSON line of
the index. Nothing is unpacked.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import logging
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

import libarchive
from isal import igzip_threaded
from isal.igzip import BadGzipFile
from isal.igzip_lib import IsalError
from libarchive import ffi
from libarchive.exception import ArchiveError

from backups.domain.errors import ArchiveTooLargeError, DamagedArchiveError
from backups.domain.job import Job, Progress
from backups.domain.manifest import Content

BLOCK_BYTES = 1 << 20
MOST_NAMES = 20
# Each one that is left out when unpacking stands on tar's command line.
MOST_SPECIALS = 1000
TYPES = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "dir",
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFCHR: "char",
    stat.S_IFBLK: "block",
}
# isal's stubs call its error class an exception.
GZIP_ERRORS: tuple[type[Exception], ...] = (EOFError, BadGzipFile, IsalError)  # type: ignore[assignment]
# Names in other encodings are kept as bytes; libarchive says so once per entry.
logging.getLogger("libarchive").setLevel(logging.ERROR)


class LineWriter(Protocol):
    """Takes the lines of the index."""

    def write(self, data: bytes, /) -> object: ...


class HashingReader(io.RawIOBase):
    """A file that hashes what is read of it. The thread that decompresses reads it: nothing is reported here."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def] # the writable buffer of io.RawIOBase
        count = self._file.readinto(buffer)  # type: ignore[attr-defined]
        self._hash.update(memoryview(buffer)[:count])
        self.size += count
        return int(count)

    def drain(self) -> str:
        """Read what is left and return the SHA-256 of the whole file."""
        while self.read(BLOCK_BYTES):
            pass
        return self._hash.hexdigest()


class CountingStream:
    """Decompressed bytes on their way to libarchive."""

    def __init__(self, stream: io.BufferedReader, on_block: Callable[[], None]) -> None:
        self._stream = stream
        self._on_block = on_block
        self.error: Exception | None = None
        self.size = 0
        self._last_blocks = [b"", b""]

    def seekable(self) -> bool:
        return False

    def readinto(self, buffer: memoryview) -> int:
        # An exception must not pass through the C code of libarchive: it ends the stream and is raised behind it.
        try:
            count = self._stream.readinto(buffer)
            self._on_block()
        except Exception as error:
            self.error = error
            return 0
        self.size += count
        if count:
            self._last_blocks = [self._last_blocks[1], bytes(buffer[:count])]
        return count

    def rest_is_zero(self, end: int) -> bool:
        """Read what follows the ``end`` of the tar: only zeros may. libarchive has taken up to two blocks more."""
        taken = b"".join(self._last_blocks)
        clean = not taken[max(len(taken) - (self.size - end), 0) :].strip(b"\0")
        while block := self._stream.read(BLOCK_BYTES):
            self.size += len(block)
            self._on_block()
            clean = clean and not block.strip(b"\0")
        return clean


@dataclass(frozen=True)
class Guard:
    """What is asked beside of an archive that anybody may have made: no name comes twice, and not more than
    ``most_bytes`` come out of it (None: any number). A backup that is read back needs neither, nor the memory for its
    names."""

    most_bytes: int | None = None


@dataclass
class Judgement:
    """What the entries are, beyond their number. With ``is_guarded`` names that come twice are unsafe."""

    is_guarded: bool = False
    entries: int = 0
    files: int = 0
    file_bytes: int = 0
    specials: list[str] = field(default_factory=list)
    unsafe: list[str] = field(default_factory=list)
    _links: set[bytes] = field(default_factory=set)
    _seen: set[int] = field(default_factory=set)
    _root: bytes | None = None

    @property
    def root(self) -> str:
        """``mnt/elexisdb`` when all entries lie in that folder, as in the oldest archives of the predecessor."""
        return os.fsdecode(self._root) if self._root else "."

    def add(self, kind: str, name: bytes, target: bytes | None, size: int) -> None:
        if self.is_guarded:
            self._narrow_root(name)
        self.entries += 1
        if kind == "file":
            self.files += 1
            self.file_bytes += size
        is_special = kind in ("fifo", "char", "block")
        if is_special and len(self.specials) < MOST_SPECIALS:
            self.specials.append(os.fsdecode(name))
            is_special = False
        if (is_special or self.is_unsafe(kind, name, target)) and len(self.unsafe) < MOST_NAMES:
            self.unsafe.append(os.fsdecode(name))

    def _narrow_root(self, name: bytes) -> None:
        parts = name_parts(name)[:2]
        if parts in ([], [b"mnt"]):
            return
        prefix = b"/".join(parts) if parts[0] == b"mnt" else b""
        self._root = prefix if self._root in (None, prefix) else b""

    def _comes_twice(self, kind: str, name: bytes) -> bool:
        """A folder may: the later one only changes its mode. Of the names hashes are kept, which nobody can foresee."""
        key = hash(b"/".join(name_parts(name)))
        is_known = key in self._seen
        self._seen.add(key)
        return is_known and kind != "dir"

    def is_unsafe(self, kind: str, name: bytes, target: bytes | None) -> bool:
        """Whether an entry would be written outside the folder; links are remembered for those that follow."""
        if self.is_guarded and self._comes_twice(kind, name):
            return True
        is_outside = self._is_outside(name) or (kind == "hardlink" and self._is_outside(target or b""))
        is_link = kind == "symlink" or (kind == "hardlink" and b"/".join(name_parts(target or b"")) in self._links)
        if is_link:
            self._links.add(b"/".join(name_parts(name)))
        return is_outside

    def _is_outside(self, name: bytes) -> bool:
        return _leaves(name) or (bool(self._links) and _lies_below(name, self._links))


def _leaves(name: bytes) -> bool:
    return not name or name.startswith(b"/") or b".." in name.split(b"/")


def _lies_below(name: bytes, links: set[bytes]) -> bool:
    parts = name_parts(name)
    return any(b"/".join(parts[:depth]) in links for depth in range(1, len(parts)))


def name_parts(name: bytes) -> list[bytes]:
    """``./a//b/`` -> ``a``, ``b``."""
    return [part for part in name.split(b"/") if part not in (b"", b".")]


@dataclass(frozen=True)
class Reading:
    """What a whole reading has found."""

    content: Content
    specials: tuple[str, ...] = ()
    unsafe: tuple[str, ...] = ()
    root: str = "."


def read_tar_gz(path: Path, job: Job, *, index: LineWriter | None = None, guard: Guard | None = None) -> Reading:
    """Read ``path`` to its last byte; write the uncompressed lines of its index to ``index``.

    Raises ``DamagedArchiveError`` for anything that is not a whole gzip of a whole tar, ``ArchiveTooLargeError``.
    """
    with path.open("rb", buffering=0) as file:
        reader = HashingReader(file)
        try:
            return _read_entries(reader, index, guard, _reporter(reader, path, job))
        except _TooMuchError as error:
            raise ArchiveTooLargeError(path, error.most_bytes) from None
        except GZIP_ERRORS as error:
            raise DamagedArchiveError(path, "gzip") from error
        except ArchiveError as error:
            raise DamagedArchiveError(path, "tar") from error
        except OSError as error:
            raise explain_read(error, path) from error


class _TooMuchError(Exception):
    """More comes out of an archive than its guard allows."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes


def _require_few(count: int, guard: Guard | None) -> None:
    if guard is not None and guard.most_bytes is not None and count > guard.most_bytes:
        raise _TooMuchError(guard.most_bytes)


def explain_read(error: OSError, path: Path) -> Exception:
    """What the disk cannot read is damaged; any other error is not the archive's."""
    return DamagedArchiveError(path, "unreadable") if error.errno == errno.EIO else error


def _reporter(reader: HashingReader, path: Path, job: Job) -> Callable[[int], None]:
    """Gets the number of entries so far."""
    total = path.stat().st_size
    job.enter("verify", path.name, total_bytes=total)
    return lambda entries: job.report(Progress("verify", path.name, reader.size, total, entries))


def _read_entries(
    reader: HashingReader, index: LineWriter | None, guard: Guard | None, on_block: Callable[[int], None]
) -> Reading:
    judgement = Judgement(is_guarded=guard is not None)
    lines = hashlib.sha256()

    def on_every_block() -> None:
        on_block(judgement.entries)
        _require_few(max(stream.size, judgement.file_bytes), guard)

    with closing(igzip_threaded.open(reader, "rb", block_size=BLOCK_BYTES)) as plain:
        stream = CountingStream(plain, on_every_block)
        try:
            with libarchive.stream_reader(stream, "tar", "none", block_size=BLOCK_BYTES) as archive:
                for line in _index_lines(archive, judgement):
                    lines.update(line)
                    if index is not None:
                        index.write(line)
                end = archive.bytes_read
        finally:
            if stream.error is not None:  # whatever libarchive made of it
                raise stream.error
        if not stream.rest_is_zero(end):
            raise ArchiveError("bytes behind the end of the tar")
    sha256 = reader.drain()
    content = Content(
        reader.size,
        sha256,
        stream.size,
        judgement.entries,
        judgement.files,
        judgement.file_bytes,
        lines.hexdigest(),
    )
    return Reading(content, tuple(judgement.specials), tuple(judgement.unsafe), judgement.root)


def _index_lines(archive: libarchive.read.ArchiveRead, judgement: Judgement) -> Iterator[bytes]:
    for entry in archive:
        pointer = entry._entry_p
        name = ffi.entry_pathname(pointer) or b""
        hardlink = ffi.entry_hardlink(pointer)
        mode = ffi.entry_mode(pointer)
        kind = "hardlink" if hardlink is not None else TYPES.get(stat.S_IFMT(mode), "other")
        size = ffi.entry_size(pointer) if kind == "file" else 0
        judgement.add(kind, name, hardlink, size)
        text = json.dumps(os.fsdecode(name))
        yield (
            f'{{"name":{text},"type":"{kind}","size":{size},"mtime":{ffi.entry_mtime(pointer)},'
            f'"mode":"{stat.S_IMODE(mode):04o}"}}\n'
        ).encode()


def read_gz(path: Path, job: Job, on_block: Callable[[bytes], None]) -> Content:
    """Read a gzip of anything to its last byte and pass on its decompressed blocks.

    Raises ``DamagedArchiveError``.
    """
    with path.open("rb", buffering=0) as file:
        reader = HashingReader(file)
        report = _reporter(reader, path, job)
        plain_bytes = 0
        try:
            with closing(igzip_threaded.open(reader, "rb", block_size=BLOCK_BYTES)) as plain:
                while block := plain.read(BLOCK_BYTES):
                    plain_bytes += len(block)
                    on_block(block)
                    report(0)
        except GZIP_ERRORS as error:
            raise DamagedArchiveError(path, "gzip") from error
        except OSError as error:
            raise explain_read(error, path) from error
        return Content(sha256=reader.drain(), size=reader.size, tar_bytes=plain_bytes)
