"""One run at a time: a lock in the backup folder, over commands, workers and containers.

The kernel frees it when its holder and all children that inherited it are gone. The file names the holder, so
that the next one can say who works there, and can end the children of a holder that was killed.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from backups.domain.errors import BusyError, FolderMissingError, LockLostError
from backups.domain.process import kill_orphans, process_start

LOCK_NAME = ".oobsite.lock"


@dataclass(frozen=True)
class Holder:
    """Who holds the lock; ``since`` in ISO format."""

    run_id: str
    what: str
    host: str
    pid: int
    start: str
    since: str

    @property
    def is_dead(self) -> bool:
        """Whether the holder ran on this host (or in this container) and is gone."""
        return self.host == socket.gethostname() and process_start(self.pid) != self.start


def make_holder(run_id: str, what: str, since: datetime) -> Holder:
    """Describe the present process as holder."""
    pid = os.getpid()
    start = process_start(pid) or ""
    return Holder(run_id, what, socket.gethostname(), pid, start, since.isoformat(timespec="seconds"))


@contextmanager
def run_lock(backup_dir: Path, holder: Holder) -> Iterator[int]:
    """Hold the lock and yield its file descriptor. Raises ``BusyError``, ``FolderMissingError``."""
    try:
        descriptor = os.open(backup_dir / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
    except OSError as error:
        raise FolderMissingError(backup_dir, error.strerror or str(error)) from error
    try:
        _acquire(descriptor)
        _write_holder(descriptor, holder)
        try:
            yield descriptor
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def require_lock(backup_dir: Path, descriptor: int) -> None:
    """Make sure, before anything is deleted, that the lock is still ours. Raises ``LockLostError``."""
    path = backup_dir / LOCK_NAME
    try:
        is_same = os.path.samestat(os.fstat(descriptor), path.stat())
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise LockLostError(path) from error
    if not is_same:
        raise LockLostError(path)


def _acquire(descriptor: int) -> None:
    if _try_lock(descriptor):
        return
    holder = _read_holder(descriptor)
    if holder is not None and holder.is_dead and kill_orphans(holder.run_id) and _try_lock(descriptor, 5.0):
        return
    raise BusyError(
        holder=f"{holder.what}, {holder.host}, pid {holder.pid}" if holder else "?",
        since=holder.since if holder else "?",
    )


def _try_lock(descriptor: int, patience: float = 0.0) -> bool:
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        else:
            return True


def _write_holder(descriptor: int, holder: Holder) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)


def _read_holder(descriptor: int) -> Holder | None:
    try:
        return Holder(**json.loads(os.pread(descriptor, 65_536, 0)))
    except (ValueError, TypeError):
        return None


def open_pinned(path: Path) -> BinaryIO:
    """Open an archive for reading; it is not deleted until the file is closed."""
    file = path.open("rb")
    fcntl.flock(file, fcntl.LOCK_SH)
    return file


@contextmanager
def pinned(path: Path) -> Iterator[None]:
    """Keep an archive from being deleted while it is read."""
    with open_pinned(path):
        yield


def is_pinned(path: Path) -> bool:
    """Whether somebody reads the archive just now; when that cannot be told, it counts as read."""
    try:
        with path.open("r+b") as file:  # NFS gives an exclusive lock only on what may be written
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False
