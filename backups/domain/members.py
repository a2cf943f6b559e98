"""The members of an archive with their contents, in one pass and without unpacking anything to a disk."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import libarchive
from isal import igzip_threaded
from libarchive import ffi
from libarchive.exception import ArchiveError

from backups.domain.errors import DamagedArchiveError, UnsafeArchiveError
from backups.domain.job import Job, Progress
from backups.domain.names import plain_path, show_name
from backups.domain.reading import (
    BLOCK_BYTES,
    GZIP_ERRORS,
    TYPES,
    CountingStream,
    HashingReader,
    Judgement,
    explain_read,
)

_CONTENT_BYTES = 1 << 18


@dataclass(frozen=True)
class Member:
    """``path`` is plain; ``target`` that of a link as the archive writes it; ``mtime`` in seconds since 1970.

    ``blocks`` can be read once, and before the next member is asked for.
    """

    path: bytes
    kind: str
    size: int
    mtime: int
    mode: int
    owner: tuple[int, int]
    target: bytes
    blocks: Iterator[bytes]


@dataclass(frozen=True)
class OpenArchive:
    """An archive that was opened for reading; ``sha256`` as its manifest says, empty without one."""

    path: Path
    file: BinaryIO
    sha256: str = ""


def read_members(archive: OpenArchive, job: Job, is_wanted: Callable[[bytes], bool]) -> Iterator[Member]:
    """Yield the wanted members. The end comes only when the whole archive was read and is what the manifest says.

    Raises ``DamagedArchiveError``, ``UnsafeArchiveError`` for any member that would leave its folder.
    """
    archive.file.seek(0)
    reader = HashingReader(archive.file)
    try:
        yield from _read(archive, reader, job, is_wanted)
    except GZIP_ERRORS as error:
        raise DamagedArchiveError(archive.path, "gzip") from error
    except ArchiveError as error:
        raise DamagedArchiveError(archive.path, "tar") from error
    except OSError as error:
        raise explain_read(error, archive.path) from error
    if archive.sha256 and reader.drain() != archive.sha256:
        raise DamagedArchiveError(archive.path, "checksum")


def _read(
    archive: OpenArchive, reader: HashingReader, job: Job, is_wanted: Callable[[bytes], bool]
) -> Iterator[Member]:
    total = archive.path.stat().st_size
    with closing(igzip_threaded.open(reader, "rb", block_size=BLOCK_BYTES)) as plain:
        stream = CountingStream(plain, lambda: job.report(Progress("verify", archive.path.name, reader.size, total)))
        try:
            with libarchive.stream_reader(stream, "tar", "none", block_size=BLOCK_BYTES) as entries:
                judgement = Judgement()
                for entry in entries:
                    member = _make_member(entry)
                    if judgement.is_unsafe(member.kind, ffi.entry_pathname(entry._entry_p) or b"", member.target):
                        raise UnsafeArchiveError(archive.path, [show_name(member.path)])
                    if is_wanted(member.path):
                        yield member
                end = entries.bytes_read
        finally:
            if stream.error is not None:  # whatever libarchive made of it
                raise stream.error
        if not stream.rest_is_zero(end):
            raise ArchiveError("bytes behind the end of the tar")


def _make_member(entry: libarchive.entry.ArchiveEntry) -> Member:
    pointer = entry._entry_p
    hardlink, mode = ffi.entry_hardlink(pointer), ffi.entry_mode(pointer)
    kind = "hardlink" if hardlink is not None else TYPES.get(stat.S_IFMT(mode), "other")
    size = ffi.entry_size(pointer) if kind == "file" else 0
    return Member(
        path=plain_path(ffi.entry_pathname(pointer) or b""),
        kind=kind,
        size=size,
        mtime=ffi.entry_mtime(pointer),
        mode=stat.S_IMODE(mode),
        owner=(entry.uid, entry.gid),
        target=hardlink or ffi.entry_symlink(pointer) or b"",
        blocks=entry.get_blocks(min(max(size, 1), _CONTENT_BYTES)),  # a buffer is made for each member
    )
