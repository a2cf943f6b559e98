"""Files that are complete or not there: private, synced to disk, renamed into place. Knows no Django."""

from __future__ import annotations

import fcntl
import itertools
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ARCHIVE_MODE = 0o640
FOLDER_MODE = 0o750
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """What goes wrong with a file that is open already comes without its name: then nobody knows which disk is full."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


def sync_dir(folder: Path) -> None:
    """Make renames in ``folder`` survive a power loss."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with _named(folder):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_private(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write a new file that must not exist yet (``FileExistsError``), with its mode from birth."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with _named(path), os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: Path, content: bytes, *, mode: int = ARCHIVE_MODE) -> None:
    """Write ``path`` by a temporary file beside it and one rename: a reader sees the old or the new."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    try:
        write_private(part, content, mode=mode)
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
    sync_dir(path.parent)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait until nobody else holds the lock file ``path``, which is made; what dies lets go of it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def free_bytes(folder: Path) -> int:
    """Bytes that may still be written below ``folder`` by an ordinary user."""
    usage = os.statvfs(folder)
    return usage.f_bavail * usage.f_frsize


def tree_size(folder: Path, *, but: str | None = None) -> int:
    """Bytes of all files below ``folder`` as they lie on disk; what cannot be read counts nothing.

    Folders directly in it whose names begin with ``but`` do not count.
    """
    total, waiting = 0, [str(folder)]  # not os.walk: that calls itself, and a tree may be deeper than Python allows
    while waiting:
        parent = waiting.pop()
        for entry in _entries_of(parent):
            if not entry.is_dir(follow_symlinks=False):
                total += size_on_disk(entry.path)
            elif but is None or parent != str(folder) or not entry.name.startswith(but):
                waiting.append(entry.path)
    return total


def _entries_of(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def remove_tree(folder: Path) -> None:
    """Remove a folder and all that lies in it, however deep: what lies further down is moved up before.

    Links are not followed, also not one that somebody puts in the place of a folder meanwhile. May be repeated.
    Raises ``OSError``.
    """
    prefix, number = f"#{secrets.token_hex(4)}-", itertools.count()
    top = os.open(folder, _FOLDER)
    try:
        while inner := _remove_files(top):
            for name in inner:
                _lift_folders(top, name, (f"{prefix}{next(number)}" for _ in itertools.count()))
                os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)
    folder.rmdir()


def _lift_folders(top: int, name: str, free_names: Iterator[str]) -> None:
    """Remove the files of one folder in ``top``, and move its folders up beside it."""
    descriptor = os.open(name, _FOLDER, dir_fd=top)
    try:
        for inner in _remove_files(descriptor):
            os.rename(inner, next(free_names), src_dir_fd=descriptor, dst_dir_fd=top)
    finally:
        os.close(descriptor)


def _remove_files(folder: int) -> list[str]:
    """Remove all that is no folder; return the names of the folders."""
    folders = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            else:
                os.unlink(entry.name, dir_fd=folder)
    return folders


def size_on_disk(path: Path | str) -> int:
    """Bytes that a file takes; 0 when it cannot be read, or has gone."""
    try:
        return os.lstat(path).st_blocks * 512
    except OSError:
        return 0
