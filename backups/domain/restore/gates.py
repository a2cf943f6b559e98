"""The gates: while files of ours stand for ``ibdata1`` and ``aria_log_control``, no MariaDB starts on a folder.

A running server is not disturbed by them, for it has opened its files long ago; there is no moment between its end
and the barrier. They outlive us: a server that refuses to start is loud, a mixed database is not. That the running
server is down is known when both of its locks are ours: it keeps POSIX write locks on the two files, which follow
the inode. Ours are locks of the open file (OFD), which closing another descriptor does not lose.

Only the standard library is used here.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from backups.domain.process import RUN_VARIABLE, kill_orphans
from backups.domain.restore.errors import ServerNotStoppedError
from backups.domain.restore.exchange import inode
from backups.domain.restore.journal import LOG
from oobsite.files import sync_dir, write_private

# In the order in which they are put up and removed: with Aria's gate alone InnoDB would start its recovery, and
# a server that finds its Aria file goes on.
GATES = ("ibdata1", "aria_log_control")
_TEXT = """A restore of this data folder is under way, and no MariaDB server may start on it now.
If oobsite is not working on it any more, run this; it puts all files where they belong:

    python -m backups.domain.restore.recover {folder}

This text stands for the file {name}. The real one is in the folder {stage}: delete nothing.
"""
_FLOCK = "hhqqi0q"
_HOLD_SECONDS = 32
_TAKEN = (errno.EAGAIN, errno.EACCES)


def write_gate_files(folder: Path, live: Path, owner: tuple[int, int]) -> dict[str, int]:
    """Write the files that will stand for the two; return their inodes."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for name in GATES:
        path = folder / name
        path.unlink(missing_ok=True)
        text = _TEXT.format(folder=live, name=name, stage=folder.parent.name)
        write_private(path, text.encode(), mode=0o640)
        _give(path, owner)
    sync_dir(folder)
    return {name: path.stat().st_ino for name, path in ((name, folder / name) for name in GATES)}


def _give(path: Path, owner: tuple[int, int]) -> None:
    if os.geteuid() == 0:
        os.chown(path, *owner)


@dataclass(frozen=True)
class Gates:
    """The gates of a data folder; ``inodes``, and ``folder`` where they wait until they are put up."""

    live: Path
    folder: Path
    inodes: Mapping[str, int]

    def close(self, home: Path, outgoing: Mapping[str, int]) -> None:
        """Keep the two files in ``home`` and put the gates over their names."""
        for name in GATES:
            if name in outgoing and inode(home / name) is None:
                LOG.info("link %s", name)
                (home / name).hardlink_to(self.live / name)
        sync_dir(home)
        for name in GATES:
            LOG.info("gate over %s", name)
            (self.folder / name).rename(self.live / name)
        sync_dir(self.live)

    def open(self, home: Path, inodes: Mapping[str, int]) -> None:
        """Put the files ``inodes`` of ``home`` in the place of the gates; again as often as you like."""
        for name in GATES:
            if name in inodes:
                self._open(name, home / name, inodes[name])
            elif inode(self.live / name) == self.inodes.get(name):
                LOG.info("remove the gate over %s", name)
                (self.live / name).unlink()
        sync_dir(self.live)
        sync_dir(home)

    def _open(self, name: str, kept: Path, wanted: int) -> None:
        if inode(kept) != wanted:
            return
        LOG.info("no gate over %s", name)
        if inode(self.live / name) == wanted:  # two names of one file: a rename would do nothing
            kept.unlink()
        else:
            kept.rename(self.live / name)


class GateLocks:
    """The locks of a server on the two files, as far as they exist."""

    def __init__(self, files: list[BinaryIO]) -> None:
        self._files = files

    @property
    def descriptors(self) -> list[int]:
        return [file.fileno() for file in self._files]

    def acquire(self) -> bool:
        """Take both; False while a server has one of them. What was taken is kept."""
        return all(_lock(file) for file in self._files)


@contextmanager
def gate_locks(home: Path) -> Iterator[GateLocks]:
    """Open the two files in ``home``; their locks are given up at the end."""
    with ExitStack() as stack:
        paths = [home / name for name in GATES]
        yield GateLocks([stack.enter_context(path.open("rb+")) for path in paths if path.exists()])


def hold_on(locks: GateLocks, marker: str) -> None:
    """Let a process of its own keep the locks for a while, whatever becomes of us.

    A second server on the same folder has opened ``aria_log_control`` before the gates stood and tries for 30
    seconds to lock it. It must not get it once other data are in place: it would go on with the old control file and
    the new logs. Behind that it opens the file anew.
    """
    if not locks.descriptors:
        return
    child = subprocess.Popen(
        ["sleep", str(_HOLD_SECONDS)],
        env={"PATH": os.environ.get("PATH", os.defpath), RUN_VARIABLE: marker},
        pass_fds=locks.descriptors,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    threading.Thread(target=child.wait, daemon=True).start()


def let_go(marker: str) -> None:
    """End that process: the files that it has locked shall be live again, or go."""
    kill_orphans(marker)


def _lock(file: BinaryIO) -> bool:
    try:
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, _make_flock(fcntl.F_WRLCK))
    except OSError as error:
        if error.errno in _TAKEN:
            return False
        raise
    return True


def _make_flock(kind: int) -> bytes:
    """``struct flock`` over a whole file."""
    return struct.pack(_FLOCK, kind, os.SEEK_SET, 0, 0, 0)


def wait_for_locks(locks: GateLocks, folder: Path, seconds: float) -> None:
    """Take the locks from a server that is about to end. Raises ``ServerNotStoppedError``."""
    deadline = time.monotonic() + seconds
    while not locks.acquire():
        if time.monotonic() > deadline:
            raise ServerNotStoppedError(folder, int(seconds))
        time.sleep(0.02)


def is_served(live: Path) -> bool:
    """Whether a server works on the very files that stand in the data folder: both are locked by somebody else.

    Not while this process holds POSIX locks of its own on them: closing the files here would drop those.
    """
    return all(_is_locked(live / name) for name in GATES)


def _is_locked(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            answer = fcntl.fcntl(file, fcntl.F_OFD_GETLK, _make_flock(fcntl.F_WRLCK))
    except FileNotFoundError:
        return False
    return bool(struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK)
