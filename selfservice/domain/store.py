"""``settings.js`` on disk: old or new, never a part, and readable for Webelexis as before."""

from __future__ import annotations

import errno
import logging
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from oobsite.errors import OobError
from oobsite.files import sync_dir
from selfservice.domain.errors import (
    SettingsChangedError,
    SettingsFileIsLinkError,
    SettingsFileMissingError,
    SettingsFolderMissingError,
    SettingsOwnerError,
    SettingsTooLargeError,
    SettingsUnreadableError,
    SettingsWriteError,
)

NAME = "settings.js"
_NEW_MODE = 0o640  # it holds the password of the mail server
_PART = ".oob.part"
_MOST_BYTES = 1_000_000  # a real one has some thousand
#: What rights may hang on beside owner and mode.
_ATTRIBUTES = ("system.posix_acl_access", "user.")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Rights:
    """``attributes``: the extended ones; None for a new file, which has what its folder gives it."""

    uid: int
    gid: int
    mode: int
    attributes: Mapping[str, bytes] | None


def read_file(path: Path) -> bytes:
    """Raises ``SettingsFileMissingError``, ``SettingsFolderMissingError``, ``SettingsUnreadableError``,
    ``SettingsFileIsLinkError``, ``SettingsTooLargeError``.
    """
    try:
        descriptor = _open(path)
        with os.fdopen(descriptor, "rb") as file:
            size = os.fstat(descriptor).st_size
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise _explain_reading(path, error) from error
    if len(content) > _MOST_BYTES:
        raise SettingsTooLargeError(str(path), size)
    return content


def _open(path: Path) -> int:
    """Follows no link, and never waits for the other end of a FIFO."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise SettingsFileIsLinkError(str(path))
    return descriptor


def _explain_reading(path: Path, error: OSError) -> OobError:
    if isinstance(error, FileNotFoundError):
        folder = path.parent
        return SettingsFileMissingError(str(path)) if folder.is_dir() else SettingsFolderMissingError(str(folder))
    if error.errno in (errno.ELOOP, errno.ENXIO):  # a link, a socket
        return SettingsFileIsLinkError(str(path))
    return SettingsUnreadableError(str(path), error.strerror or str(error))


def write_file(path: Path, content: bytes, *, expected: bytes | None) -> None:
    """Put ``content`` at ``path`` by one rename; an existing file keeps owner and mode, a new one gets the folder's.

    ``expected``: what the change was made from, ``None`` when there was no file. Raises ``SettingsChangedError``,
    ``SettingsOwnerError``, ``SettingsWriteError``, and as ``read_file``; then nothing has changed.
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


def _require_unchanged(path: Path, expected: bytes | None) -> None:
    try:
        present = read_file(path)
    except SettingsFileMissingError:
        present = None
    if present != expected:
        raise SettingsChangedError(str(path))


def _rights(path: Path, *, is_new: bool) -> _Rights:
    """What the file must have, so that Webelexis, which runs as another user, can read it as before."""
    if is_new:
        folder = path.parent.stat()
        return _Rights(folder.st_uid, folder.st_gid, _NEW_MODE, None)
    found = path.lstat()
    return _Rights(found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode), _attributes(path))


def _attributes(file: Path | int) -> dict[str, bytes]:
    """Those that rights hang on; none where the file system has none."""
    try:
        return {name: os.getxattr(file, name) for name in os.listxattr(file) if name.startswith(_ATTRIBUTES)}
    except OSError as error:
        if error.errno != errno.ENOTSUP:
            raise
        return {}


def _write_part(part: Path, content: bytes, rights: _Rights) -> None:
    """All by its descriptor: the folder belongs to Webelexis, which could put a link in the place of the name."""
    part.unlink(missing_ok=True)  # left by a writer that was killed
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        _give_to(descriptor, part, rights)
        os.fchmod(descriptor, rights.mode)
        _give_attributes(descriptor, rights.attributes)
        os.fsync(descriptor)


def _give_to(descriptor: int, part: Path, rights: _Rights) -> None:
    made = os.fstat(descriptor)
    if (made.st_uid, made.st_gid) == (rights.uid, rights.gid):
        return
    try:
        os.fchown(descriptor, rights.uid, rights.gid)
    except PermissionError as error:
        raise SettingsOwnerError(str(part.with_name(NAME)), rights.uid) from error


def _give_attributes(descriptor: int, wanted: Mapping[str, bytes] | None) -> None:
    """Exactly these: the folder may have given others."""
    if wanted is None:
        return
    present = _attributes(descriptor)
    for name in present.keys() - wanted.keys():
        os.removexattr(descriptor, name)
    for name, value in wanted.items() - present.items():
        os.setxattr(descriptor, name, value)


def _explain(path: Path, error: OSError) -> SettingsOwnerError | SettingsWriteError:
    """A folder in which we may not write belongs to somebody who may, unless he is refused too."""
    if error.errno in (errno.EACCES, errno.EPERM) and os.geteuid() not in (0, path.parent.stat().st_uid):
        return SettingsOwnerError(str(path), path.parent.stat().st_uid)
    return SettingsWriteError(str(path), error.strerror or str(error))


def _remove(part: Path) -> None:
    try:
        part.unlink(missing_ok=True)
    except OSError as error:  # a folder that is read-only has none of ours
        logger.debug("%s stays: %s", part, error)
