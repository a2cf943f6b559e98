"""Files that are complete or not there: private, synced to disk, renamed into place. Knows no Django."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ARCHIVE_MODE = 0o640
FOLDER_MODE = 0o750


def sync_dir(folder: Path) -> None:
    """Make renames in ``folder`` survive a power loss."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_private(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write a new file that must not exist yet (``FileExistsError``), with its mode from birth."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
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
    total = 0
    for parent, folders, names in os.walk(folder):
        if but is not None and parent == str(folder):
            folders[:] = [name for name in folders if not name.startswith(but)]
        total += sum(size_on_disk(os.path.join(parent, name)) for name in names)  # noqa: PTH118 - hot loop
    return total


def size_on_disk(path: Path | str) -> int:
    """Bytes that a file takes; 0 when it cannot be read, or has gone."""
    try:
        return os.lstat(path).st_blocks * 512
    except OSError:
        return 0


def is_within(path: Path, folder: Path) -> bool:
    """Whether ``path`` is ``folder`` or lies in it, links resolved."""
    return path.resolve().is_relative_to(folder.resolve())
