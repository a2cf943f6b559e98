"""Files of an archive come back beside the present ones, under names of their own; nothing is ever replaced.

They are unpacked into a stage folder below the live one, which recovery removes after a crash, and moved to their
places by renames that refuse a name which is taken. Whoever is killed in between leaves no half file.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backups.domain.browse_errors import PlaceBlockedError
from backups.domain.errors import NoSpaceError
from backups.domain.job import Job
from backups.domain.names import show_name
from backups.domain.reading import Reading
from backups.domain.restore.exchange import rename_free, sync_file_system
from backups.domain.restore.journal import LOG
from backups.domain.restore.stage import Stage
from backups.domain.selection import Selection, folders_above
from backups.domain.unpack import Part, Unpacking, unpack
from oobsite.files import free_bytes

_LONGEST_NAME = 255
_MOST_NAMES = 10_000
_LEAST_FREE = 1 << 20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class BesideOrder:
    """What is taken from ``archive``, which ``reading`` has judged. ``label`` goes into the new names:
    ``restored 2026-11-24``. ``root``: the folder in the archive that stands for the live one, empty for its top.
    ``extra``: names in the archive that the chosen ones are hard links to."""

    archive: Path
    reading: Reading
    selection: Selection
    label: str
    root: bytes = b""
    extra: Sequence[bytes] = ()


def unpack_chosen(stage: Stage, order: BesideOrder, job: Job) -> None:
    """Unpack what is chosen into the stage folder, owners, modes and times as archived.

    Raises ``NoSpaceError`` and what ``unpack`` raises; nothing was written outside the stage folder.
    """
    missing = order.selection.size + _LEAST_FREE - free_bytes(stage.target)
    if missing > 0:
        raise NoSpaceError(stage.target, missing)
    chosen = order.selection.paths
    members = [spelling for path, spelling in order.selection.spellings.items() if path in chosen]
    folders = [spelling for path, spelling in order.selection.spellings.items() if path not in chosen]
    part = Part([*members, *order.extra], folders)
    try:
        unpack(Unpacking(order.archive, stage.new_dir, order.reading, is_faithful=True, part=part), job)
    except NoSpaceError as error:
        raise NoSpaceError(stage.target, order.selection.size) from error
    sync_file_system(stage.folder)


def place_chosen(stage: Stage, order: BesideOrder, job: Job) -> Iterator[bytes]:
    """Move each chosen file or folder from the stage folder to its place; yield the path that it has got.

    Raises ``PlaceBlockedError``: what was yielded before is complete and stays.
    """
    for path in sorted(order.selection.paths):
        job.check_cancelled()
        yield _place(stage, order, path[len(order.root) + 1 :] if order.root else path)


def _place(stage: Stage, order: BesideOrder, path: bytes) -> bytes:
    """Move one, whose path is that below the live folder."""
    folder, _slash, name = path.rpartition(b"/")
    with _open_folder(stage.new_dir / os.fsdecode(order.root), stage.target, folder) as (source, target):
        is_folder = _is_folder(name, source)
        for number in range(1, _MOST_NAMES):
            new_name = beside_name(name, order.label, number, is_folder=is_folder)
            LOG.info("place %s", show_name(new_name))
            try:
                rename_free(source, name, target, new_name)
            except FileExistsError:
                continue
            os.fsync(target)
            return folder + b"/" + new_name if folder else new_name
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), show_name(path))


def _is_folder(name: bytes, folder_fd: int) -> bool:
    try:
        os.close(os.open(name, _FOLDER, dir_fd=folder_fd))
    except OSError:
        return False
    return True


def beside_name(name: bytes, label: str, number: int, *, is_folder: bool = False) -> bytes:
    """``a.pdf`` -> ``a (restored 2026-11-24).pdf``, then ``a (restored 2026-11-24) 2.pdf``; cut where it is too
    long for a file system."""
    stem, ending = (name, b"") if is_folder else os.path.splitext(name)  # noqa: PTH122 - names are bytes
    addition = f" ({label})".encode() + (f" {number}".encode() if number > 1 else b"")
    room = _LONGEST_NAME - len(addition) - len(ending)
    if room < 1:
        stem, ending, room = name, b"", _LONGEST_NAME - len(addition)
    if len(stem) > room:
        stem = stem[:room].decode(errors="ignore").encode() or stem[:room]
    return stem + addition + ending


@contextmanager
def _open_folder(staged: Path, live: Path, folder: bytes) -> Iterator[tuple[int, int]]:
    """Descriptors of a folder below ``staged`` and below ``live``, where it is made as archived when it is missing.

    Links are not followed: what somebody put in the way cannot lead us out.
    """
    source, target = os.open(staged, _FOLDER), os.open(live, _FOLDER)
    try:
        for path in folders_above(folder + b"/x") if folder else ():
            name = path.rpartition(b"/")[2]
            inner = os.open(name, _FOLDER, dir_fd=source)
            os.close(source)
            source = inner
            outer = _enter(target, name, source, live / os.fsdecode(path))
            os.close(target)
            target = outer
        yield source, target
    finally:
        os.close(source)
        os.close(target)


def _enter(target: int, name: bytes, like: int, path: Path) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=target)
    except FileNotFoundError:
        _make_folder(target, name, like)
        return os.open(name, _FOLDER, dir_fd=target)
    except OSError as error:
        if error.errno not in (errno.ENOTDIR, errno.ELOOP):
            raise
        raise PlaceBlockedError(path.parent, show_name(name)) from error


def _make_folder(target: int, name: bytes, like: int) -> None:
    """A folder with owner, mode, attributes and time of the one whose descriptor is ``like``."""
    status = os.fstat(like)
    os.mkdir(name, 0o700, dir_fd=target)
    made = os.open(name, _FOLDER, dir_fd=target)
    try:
        if os.geteuid() == 0:
            os.chown(made, status.st_uid, status.st_gid)
        for attribute in os.listxattr(like):
            if attribute.startswith(("user.", "system.posix_acl_")):
                os.setxattr(made, attribute, os.getxattr(like, attribute))
        os.fchmod(made, status.st_mode & 0o7777)
        os.utime(made, ns=(status.st_atime_ns, status.st_mtime_ns))
    finally:
        os.close(made)
