"""``settings.js`` on disk: old or new, never a part, and readable for Webelexis as before."""

from __future__ import annotations

import errno
import logging
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from oobsite.files import sync_dir
from selfservice.domain.errors import (
    SettingsChangedError,
    SettingsFileIsLinkError,
    SettingsFileMissingError,
    SettingsOwnerError,
    SettingsUnreadableError,
    SettingsWriteError,
)

NAME = "settings.js"
_NEW_MODE = 0o640  # it holds the password of the mail server
_PART = ".oob.part"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Rights:
    uid: int
    gid: int
    mode: int


def read_file(path: Path) -> bytes:
    """Raises ``SettingsFileMissingError``, ``SettingsUnreadableError``, ``SettingsFileIsLinkError``."""
    try:
        _require_plain(path)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            return file.read()
    except FileNotFoundError as error:
        raise SettingsFileMissingError(str(path)) from error
    except OSError as error:
        raise SettingsUnreadableError(str(path), error.strerror or str(error)) from error


def write_file(path: Path, content: bytes, *, expected: bytes | None) -> None:
    """Put ``content`` at ``path`` by one rename; an existing file keeps owner and mode, a new one gets the folder's.

    ``expected``: what the change was made from, ``None`` when there was no file. Raises ``SettingsChangedError``,
    ``SettingsOwnerError``, ``SettingsFileIsLinkError``, ``SettingsUnreadableError``, ``SettingsWriteError``; then
    nothing has changed.
    """
    _require_unchanged(path, expected)
    part = path.with_name(f".{path.name}{_PART}")
    try:
        rights = _rights(path, is_new=expected is None)
        _write_part(part, content, rights)
        _require_unchanged(path, expected)  # somebody may have saved it in the meantime
        part.rename(path)
        sync_dir(path.parent)
    except OSError as error:
        raise _explain(path, error) from error
    finally:
        _remove(part)


def _require_plain(path: Path) -> None:
    if not stat.S_ISREG(path.lstat().st_mode):
        raise SettingsFileIsLinkError(str(path))


def _require_unchanged(path: Path, expected: bytes | None) -> None:
    try:
        present = read_file(path)
    except SettingsFileMissingError:
        present = None
    if present != expected:
        raise SettingsChangedError(str(path))


def _rights(path: Path, *, is_new: bool) -> _Rights:
    """What the file must have, so that Webelexis, which runs as another user, can read it as before."""
    found = path.parent.stat() if is_new else path.lstat()
    return _Rights(found.st_uid, found.st_gid, _NEW_MODE if is_new else stat.S_IMODE(found.st_mode))


def _write_part(part: Path, content: bytes, rights: _Rights) -> None:
    """All by its descriptor: the folder belongs to Webelexis, which could put a link in the place of the name."""
    part.unlink(missing_ok=True)  # left by a writer that was killed
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        _give_to(descriptor, part, rights)
        os.fchmod(descriptor, rights.mode)
        os.fsync(descriptor)


def _give_to(descriptor: int, part: Path, rights: _Rights) -> None:
    made = os.fstat(descriptor)
    if (made.st_uid, made.st_gid) == (rights.uid, rights.gid):
        return
    try:
        os.fchown(descriptor, rights.uid, rights.gid)
    except PermissionError as error:
        raise SettingsOwnerError(str(part.with_name(NAME)), rights.uid) from error


def _explain(path: Path, error: OSError) -> SettingsOwnerError | SettingsWriteError:
    """A folder in which we may not write belongs to somebody who may."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return SettingsOwnerError(str(path), path.parent.stat().st_uid)
    return SettingsWriteError(str(path), error.strerror or str(error))


def _remove(part: Path) -> None:
    try:
        part.unlink(missing_ok=True)
    except OSError as error:  # a folder that is read-only has none of ours
        logger.debug("%s stays: %s", part, error)
