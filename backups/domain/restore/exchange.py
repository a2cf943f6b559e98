"""Exchanging two sets of entries by rename. Every entry is known by its inode, so that it can be done from any
state in between, any number of times. Only the standard library is used here."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from backups.domain.restore.journal import LOG, STAGE_PREFIX
from oobsite.files import sync_dir

_AT_FDCWD = -100
_RENAME_FREE, _RENAME_EXCHANGE = 1, 2
_UNSUPPORTED = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)
_LIBC = ctypes.CDLL(None, use_errno=True)
_NOT_DATA = frozenset({"lost+found"})


@dataclass(frozen=True)
class Side:
    """One of the two sets: inode by name, and the folder where its entries wait while they are not live."""

    inodes: Mapping[str, int]
    home: Path


def inode(path: Path) -> int | None:
    """Inode of a file, a folder or a link itself; None when there is nothing."""
    try:
        return path.lstat().st_ino
    except FileNotFoundError:
        return None


def list_entries(folder: Path) -> dict[str, int]:
    """Inode by name of what a data folder holds, without stage folders and what belongs to its file system."""
    with os.scandir(folder) as found:
        names = [entry.name for entry in found]
    return {name: os.lstat(folder / name).st_ino for name in sorted(names) if is_data(name)}


def is_data(name: str) -> bool:
    return name not in _NOT_DATA and not name.startswith(STAGE_PREFIX)


def rename_exchange(first: Path, second: Path) -> None:
    """Let two entries change their places at once. Raises ``OSError``, also where the file system cannot do it."""
    call = getattr(_LIBC, "renameat2", None)
    if call is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), str(first))
    if call(_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(first), None, str(second))


def rename_free(source_fd: int, name: bytes, target_fd: int, new_name: bytes) -> None:
    """Move an entry of one open folder to another under a name that is free. Raises ``FileExistsError``, ``OSError``.

    Where the file system cannot refuse by itself, as over NFS, a name that is taken is seen just before.
    """
    call = getattr(_LIBC, "renameat2", None)
    if call is not None and call(source_fd, name, target_fd, new_name, _RENAME_FREE) == 0:
        return
    number = ctypes.get_errno() if call is not None else errno.ENOSYS
    if number not in _UNSUPPORTED:
        raise OSError(number, os.strerror(number), os.fsdecode(name))
    if _has_entry(target_fd, new_name):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.fsdecode(new_name))
    os.rename(name, new_name, src_dir_fd=source_fd, dst_dir_fd=target_fd)


def _has_entry(folder_fd: int, name: bytes) -> bool:
    try:
        os.stat(name, dir_fd=folder_fd, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def sync_file_system(folder: Path) -> None:
    """Write everything of the file system of ``folder`` to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if _LIBC.syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(folder))
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class Exchange:
    """``wanted`` shall be in ``live`` and ``other`` in its home. What is neither goes to ``stray`` when it is in the
    way of an entry, and else stays."""

    live: Path
    wanted: Side
    other: Side
    stray: Path

    def run(self, names: Iterable[str]) -> None:
        """Put every entry where it belongs, and to the disk."""
        for name in sorted(names):
            self._place(name)
            self._put_home(name)
        for folder in (self.live, self.wanted.home, self.other.home):
            sync_dir(folder)

    def _place(self, name: str) -> None:
        wanted = self.wanted.inodes.get(name)
        if wanted is None or inode(self.live / name) == wanted:
            return
        spot = _find(wanted, self.wanted.home / name, self.other.home / name)
        if spot is not None:
            self._put(spot, name)

    def _put(self, spot: Path, name: str) -> None:
        live = self.live / name
        found = inode(live)
        if found is not None and found == self.other.inodes.get(name):
            self._change_places(spot, name)
            return
        self._clear(live)
        _rename(spot, live)

    def _change_places(self, spot: Path, name: str) -> None:
        """At once, so that not even a start script finds a moment without the folder ``mysql``."""
        LOG.info("exchange %s", name)
        try:
            rename_exchange(spot, self.live / name)
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
            self._clear(self.other.home / name)
            _rename(self.live / name, self.other.home / name)
            _rename(spot, self.live / name)

    def _put_home(self, name: str) -> None:
        other = self.other.inodes.get(name)
        home = self.other.home / name
        if other is None or inode(home) == other:
            return
        spot = _find(other, self.live / name, self.wanted.home / name)
        if spot is not None:
            self._clear(home)
            _rename(spot, home)

    def _clear(self, spot: Path) -> None:
        """A rename replaces what it finds: move aside what is not ours."""
        if inode(spot) is not None:
            _rename(spot, _free_name(self.stray, spot.name))


def _find(wanted: int, *spots: Path) -> Path | None:
    return next((spot for spot in spots if inode(spot) == wanted), None)


def _rename(source: Path, target: Path) -> None:
    LOG.info("rename %s to %s", source, target.parent)
    source.rename(target)


def _free_name(folder: Path, name: str) -> Path:
    """Strays that have the same name do not replace each other."""
    folder.mkdir(mode=0o700, exist_ok=True)
    names = (folder / (name if not number else f"{name}~{number}") for number in range(10_000))
    return next(path for path in names if inode(path) is None)


def return_strays(stray: Path, live: Path) -> bool:
    """Put back what was moved aside, as far as its name is free; whether all of it is back."""
    if not stray.is_dir():
        return True
    strays = sorted(stray.iterdir())
    blocked = [path for path in strays if inode(live / path.name) is not None]
    for path in strays:
        if path not in blocked:
            _rename(path, live / path.name)
    return not blocked
