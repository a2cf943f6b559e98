"""The bytes of an upload: each lands where the last one ended, and the file has its name only when it is whole."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from backups.domain.errors import FileSystemError
from backups.domain.upload_errors import UploadConflictError, UploadMissingError, UploadNoRoomError, UploadOverrunError
from oobsite.files import ARCHIVE_MODE, sync_dir, write_private


def part_of(path: Path) -> Path:
    """Where the bytes of ``path`` lie until they are all there."""
    return path.with_name(f"{path.name}.part")


def begin(path: Path) -> None:
    """Make the empty part of a new upload. Raises ``FileSystemError``, ``UploadNoRoomError``."""
    with _failing_in_words(path, missing=0):
        write_private(part_of(path), b"", mode=ARCHIVE_MODE)


def written_bytes(path: Path) -> int:
    """How much of ``path`` is there. Raises ``UploadMissingError``."""
    for found in (part_of(path), path):
        try:
            return found.stat().st_size
        except FileNotFoundError:
            continue
    raise UploadMissingError


def append(path: Path, span: range, blocks: Iterable[bytes]) -> int:
    """Write ``blocks`` to the part of ``path`` from ``span.start`` on; returns how much of it is there then.

    What has arrived stays, whatever the error. Raises ``UploadConflictError`` when the part ends elsewhere, also when
    that is seen later because somebody else goes on with it; ``UploadOverrunError`` beyond ``span.stop``;
    ``UploadMissingError``, ``UploadNoRoomError``, ``FileSystemError``.
    """
    with _failing_in_words(path, missing=len(span)), part_of(path).open("r+b", buffering=0) as file:
        try:
            return _write_blocks(file.fileno(), span, blocks)
        finally:
            os.fdatasync(file.fileno())  # a client that has been told an offset never sends those bytes again


def _write_blocks(descriptor: int, span: range, blocks: Iterable[bytes]) -> int:
    offset = span.start
    _write(descriptor, offset, b"")
    for block in blocks:
        if offset + len(block) > span.stop:
            raise UploadOverrunError
        _write(descriptor, offset, block)
        offset += len(block)
    return offset


def _write(descriptor: int, offset: int, block: bytes) -> None:
    """Write one block at the end. The lock lasts no longer: a request whose client is gone may hang for minutes, and
    must not keep out the one with which the client goes on."""
    with _locked(descriptor):
        found = os.fstat(descriptor).st_size
        if found != offset:
            raise UploadConflictError(offset, found)
        rest = memoryview(block)
        while rest:
            written = os.pwrite(descriptor, rest, offset)
            offset, rest = offset + written, rest[written:]


@contextmanager
def _locked(descriptor: int) -> Iterator[None]:
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def finish(path: Path) -> None:
    """Give a whole upload its name; nothing happens when it has it already."""
    with _failing_in_words(path, missing=0):
        try:
            _finish_part(part_of(path), path)
        except FileNotFoundError:
            if not path.exists():
                raise  # else it has its name, perhaps since a moment: the client has asked twice


def _finish_part(part: Path, path: Path) -> None:
    descriptor = os.open(part, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    part.rename(path)
    sync_dir(path.parent)


def remove(path: Path) -> None:
    """Remove an upload, whole or not; one that is gone already is well."""
    with _failing_in_words(path, missing=0):
        part_of(path).unlink(missing_ok=True)
        path.unlink(missing_ok=True)


@contextmanager
def _failing_in_words(path: Path, missing: int) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise UploadMissingError from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UploadNoRoomError(missing) from error
        raise FileSystemError(str(path.parent), error.strerror or str(error)) from error
