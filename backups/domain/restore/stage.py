"""The stage folder of a restore and the lock on it. Only the standard library is used here."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from backups.domain.restore.errors import (
    JournalDamagedError,
    RestoreBusyError,
    RestoreUnfinishedError,
    RestoreUnknownError,
)
from backups.domain.restore.exchange import Side
from backups.domain.restore.gates import GATES, Gates, let_go
from backups.domain.restore.journal import (
    JOURNAL_NAME,
    LOG,
    Direction,
    Journal,
    Kind,
    Phase,
    list_stage_folders,
    read_journal,
    stage_folder,
    write_journal,
)
from oobsite.files import remove_tree, sync_dir

LOCK_NAME = "lock"
_REMOVE_SECONDS = 10
_ID = re.compile(r"[a-z0-9]{1,40}")


class Stage:
    """A stage folder whose lock is ours, and its journal as it stands on disk."""

    def __init__(self, target: Path, folder: Path, journal: Journal, lock_fd: int) -> None:
        self.target = target
        self.folder = folder
        self.journal = journal
        self.lock_fd = lock_fd

    @property
    def new_dir(self) -> Path:
        return self.folder / "new"

    @property
    def old_dir(self) -> Path:
        return self.folder / "old"

    @property
    def stray_dir(self) -> Path:
        return self.folder / "stray"

    @property
    def gates_dir(self) -> Path:
        return self.folder / "gates"

    @property
    def incoming(self) -> Side:
        """The data that come, and where they wait."""
        home = self.new_dir if self.journal.direction is Direction.FORWARD else self.old_dir
        return Side(self.journal.incoming, home)

    @property
    def outgoing(self) -> Side:
        """The data that go, and where they are kept."""
        home = self.old_dir if self.journal.direction is Direction.FORWARD else self.new_dir
        return Side(self.journal.outgoing, home)

    @property
    def gates(self) -> Gates:
        return Gates(self.target, self.gates_dir, self.journal.gates)

    @property
    def marker(self) -> str:
        """Marks the process that keeps the locks of this restore, as a run marks its children."""
        return f"restore-{self.journal.id}-{self.folder.stat().st_ino}"

    @property
    def names(self) -> set[str]:
        """What is exchanged; the two files of the gates go a way of their own."""
        names = {*self.journal.incoming, *self.journal.outgoing}
        return names - {*GATES} if self.journal.kind is Kind.MARIADB else names

    def write(self, **changes: Any) -> None:
        """Write changed fields of the journal, on disk when this returns."""
        journal = replace(self.journal, **changes)
        write_journal(self.folder, journal)
        self.journal = journal

    def remove(self) -> None:
        """Remove the folder and all that lies in it; what is left of it when we are killed is not believed."""
        let_go(self.marker)
        if self.journal.phase is not Phase.STAGING:  # what was never in place says so already, also on a full disk
            self.write(phase=Phase.RELEASED)
        remove_folder(self.folder)


def remove_folder(folder: Path) -> None:
    """Remove a stage folder; the journal goes after the data, and the lock last."""
    for path in sorted(folder.iterdir()):
        if path.name not in (JOURNAL_NAME, LOCK_NAME):
            LOG.info("remove %s", path)
            _remove(path)
    for name in (JOURNAL_NAME, LOCK_NAME):
        LOG.info("remove %s", folder / name)
        (folder / name).unlink(missing_ok=True)
    LOG.info("remove %s", folder)
    folder.rmdir()
    sync_dir(folder.parent)


def _remove(path: Path) -> None:
    """Children of a killed restore may write a moment longer than it held its lock."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    deadline = time.monotonic() + _REMOVE_SECONDS
    while path.exists():
        try:
            remove_tree(path)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.ENOENT) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@contextmanager
def stage_lock(folder: Path) -> Iterator[int]:
    """Hold the lock of a stage folder and yield its descriptor.

    Raises ``RestoreBusyError``, also when somebody has just removed the folder.
    """
    path = folder / LOCK_NAME
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileNotFoundError as error:
        raise RestoreBusyError(folder) from error
    try:
        _acquire(descriptor, path)
        yield descriptor
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path) -> None:
    """The lock counts only while its file is the one that has the name: whoever had it may have removed it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_same = os.path.samestat(os.fstat(descriptor), path.stat())
    except (BlockingIOError, FileNotFoundError) as error:
        raise RestoreBusyError(path.parent) from error
    if not is_same:
        raise RestoreBusyError(path.parent)


def is_locked(folder: Path) -> bool:
    """Whether somebody works in a stage folder."""
    try:
        with stage_lock(folder):
            return False
    except RestoreBusyError:
        return True


@contextmanager
def new_stage(target: Path, restore_id: str, kind: Kind, created_at: datetime) -> Iterator[Stage]:
    """Make the stage folder of a new restore, with an empty ``new``.

    Raises ``RestoreUnfinishedError`` when an interrupted one has to be settled first, ``RestoreBusyError``.
    """
    if not _ID.fullmatch(restore_id):
        raise ValueError(restore_id)
    number = 1 + max((journal.number for journal in require_rest(target)), default=0)
    folder = stage_folder(target, restore_id)
    folder.mkdir(mode=0o700)
    with stage_lock(folder) as descriptor:
        journal = Journal(restore_id, kind, created_at.isoformat(timespec="seconds"), number)
        stage = Stage(target, folder, journal, descriptor)
        stage.write()
        _make_folders(stage)
        yield stage


def _make_folders(stage: Stage) -> None:
    """The server's user owns what lies in its data folder; so it may unpack there itself."""
    for folder in (stage.new_dir, stage.old_dir):
        folder.mkdir(mode=0o700)
    if stage.journal.kind is Kind.MARIADB and os.geteuid() == 0:
        for folder in (stage.folder, stage.new_dir, stage.old_dir):
            os.chown(folder, *owner_of(stage.target))
    sync_dir(stage.folder)
    sync_dir(stage.target)


def owner_of(datadir: Path) -> tuple[int, int]:
    """User and group of a MariaDB data folder: those of ``ibdata1``, or of the folder."""
    path = datadir / GATES[0]
    status = path.stat() if path.is_file() else datadir.stat()
    return status.st_uid, status.st_gid


def require_rest(target: Path) -> list[Journal]:
    """Whether a folder holds whole data: return what is kept beside them, else raise ``RestoreUnfinishedError``."""
    journals = list_restores(target)
    for journal in journals:
        if not journal.is_at_rest:
            raise RestoreUnfinishedError(target, journal.id, str(journal.phase))
    return journals


def list_restores(target: Path) -> list[Journal]:
    """The journals of all restores whose data are kept or that were interrupted, oldest first.

    Raises ``JournalDamagedError``.
    """
    found, damaged = find_restores(target)
    if damaged:
        raise JournalDamagedError(damaged[0])
    return found


def find_restores(target: Path) -> tuple[list[Journal], list[Path]]:
    """As ``list_restores``, also beside a damaged one: what can be read, and the paths of journals that cannot.

    Raises ``OSError`` when the folder itself cannot be read.
    """
    found: list[Journal] = []
    damaged: list[Path] = []
    for folder in list_stage_folders(target):
        try:
            journal = read_journal(folder)
        except (JournalDamagedError, OSError):
            damaged.append(folder / JOURNAL_NAME)
            continue
        if journal is not None:
            found.append(journal)
        elif holds_data(folder):
            damaged.append(folder / JOURNAL_NAME)
    return sorted(found, key=lambda journal: journal.number), damaged


def holds_data(folder: Path) -> bool:
    """Whether data lie in a stage folder. Without a journal they are not ours to judge."""
    return any((folder / name).exists() for name in ("new", "old", "stray"))


@contextmanager
def held_stage(target: Path, restore_id: str) -> Iterator[Stage]:
    """Take the lock of a restore that is kept or was interrupted.

    Raises ``RestoreUnknownError``, ``RestoreBusyError``, ``JournalDamagedError``.
    """
    folder = stage_folder(target, restore_id)
    if not folder.is_dir():
        raise RestoreUnknownError(target, restore_id)
    with stage_lock(folder) as descriptor:
        journal = read_journal(folder)
        if journal is None:
            raise RestoreUnknownError(target, restore_id)
        yield Stage(target, folder, journal, descriptor)
