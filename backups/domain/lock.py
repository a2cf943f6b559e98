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
_PATIENCE_SECONDS = 0.5  # who only asks whether it is held holds it for a moment himself
_YIELD_SECONDS = 30.0  # so long a holder that gives way may need to end its children and remove what it has unpacked


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
def run_lock(backup_dir: Path, holder: Holder, *, outranks: str = "") -> Iterator[int]:
    """Hold the lock and yield its file descriptor. Raises ``BusyError``, ``FolderMissingError``.

    ``outranks``: ``what`` of a holder that gives way when it sees that somebody waits; he is waited for.
    """
    try:
        descriptor = os.open(backup_dir / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
    except OSError as error:
        raise FolderMissingError(backup_dir, error.strerror or str(error)) from error
    try:
        _acquire(descriptor, outranks)
        _write_holder(descriptor, holder)
        try:
            yield descriptor
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def is_held(backup_dir: Path) -> bool:
    """Whether a run, or a child that has outlived it, holds the lock just now."""
    try:
        descriptor = os.open(backup_dir / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _try_lock(descriptor, shared=True)
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


def _acquire(descriptor: int, outranks: str) -> None:
    if _try_lock(descriptor, _PATIENCE_SECONDS):
        return
    holder = _read_holder(descriptor)
    if holder is not None and holder.what == outranks and _try_lock(descriptor, _YIELD_SECONDS):
        return
    if holder is not None and holder.is_dead and kill_orphans(holder.run_id) and _try_lock(descriptor, 5.0):
        return
    raise BusyError(
        holder=f"{holder.what}, {holder.host}, pid {holder.pid}" if holder else "?",
        since=holder.since if holder else "?",
    )


def _try_lock(descriptor: int, patience: float = 0.0, *, shared: bool = False) -> bool:
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
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
