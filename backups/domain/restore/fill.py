"""Unpacking an archive into the stage folder of a restore, ready to change places."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from backups.domain.errors import NoSpaceError, UnsafeArchiveError
from backups.domain.job import Job
from backups.domain.mariadb.proof import find_datadir
from backups.domain.process import Identity
from backups.domain.reading import Reading
from backups.domain.restore.check import find_links
from backups.domain.restore.errors import ArchiveUnfitError, StagedIncompleteError
from backups.domain.restore.gates import GATES
from backups.domain.restore.stage import Stage, owner_of
from backups.domain.unpack import Unpacking, unpack
from oobsite.files import remove_tree


@dataclass(frozen=True)
class Filling:
    """An archive that ``reading`` judged. ``root``: the folder in it that holds the data, as in the oldest archives
    of the predecessor (``mnt/pacsdata``); for a database it is found."""

    archive: Path
    reading: Reading
    root: str = "."


def fill_datadir(stage: Stage, filling: Filling, job: Job) -> None:
    """Unpack a data folder of MariaDB as the user to whom the live one belongs, modes as archived.

    Raises ``StagedIncompleteError``, ``NoSpaceError``, ``UnsafeArchiveError`` also for links, which a server would
    follow, and what ``unpack`` raises; the stage folder is then removed by ``restoring``.
    """
    identity = Identity(*owner_of(stage.target))
    _unpack(stage, Unpacking(filling.archive, stage.new_dir, filling.reading, identity, is_faithful=True), job)
    found = find_datadir(stage.new_dir)
    if found is None:
        raise StagedIncompleteError(stage.new_dir, [GATES[0]])
    links = find_links(found)
    if links:
        raise UnsafeArchiveError(filling.archive, links)
    _lift(stage, found)


def fill_folder(stage: Stage, filling: Filling, job: Job) -> None:
    """Unpack a plain folder, owners and modes as archived; for other users than root the owners are theirs.

    Raises ``StagedIncompleteError`` when ``root`` is not in the archive, ``ArchiveUnfitError`` for a database, and as
    ``fill_datadir``.
    """
    _unpack(stage, Unpacking(filling.archive, stage.new_dir, filling.reading, is_faithful=True), job)
    root = stage.new_dir / filling.root
    if (root / GATES[0]).is_file():
        raise ArchiveUnfitError(filling.archive.name, "other-kind")
    if not root.is_dir() or not root.resolve().is_relative_to(stage.new_dir.resolve()):
        raise StagedIncompleteError(stage.new_dir, [filling.root])
    _lift(stage, root)


def _unpack(stage: Stage, order: Unpacking, job: Job) -> None:
    """The children hold the lock of the stage, too: nobody removes it while one of them writes."""
    try:
        unpack(replace(order, phase="stage"), replace(job, lock_fd=stage.lock_fd))
    except NoSpaceError as error:
        raise NoSpaceError(stage.target, error.missing) from error


def _lift(stage: Stage, root: Path) -> None:
    """Make a folder somewhere below ``new`` the new ``new``."""
    if root.samefile(stage.new_dir):
        return
    around = stage.folder / "around"
    inside = root.relative_to(stage.new_dir)
    stage.new_dir.rename(around)
    (around / inside).rename(stage.new_dir)
    remove_tree(around)
