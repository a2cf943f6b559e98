"""Secrets at rest: texts encrypted with the field keys. The first key encrypts, every key of the file decrypts.

The key file is read again when it changes, so processes that run go on after ``manage.py rotatekeys``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from oobsite.errors import OobError
from oobsite.keys import FIELD_KEYS_NAME, read_field_keys

TOKEN_PREFIX = "gAAAAA"  # noqa: S105 - how each token begins: the version, and a time of this century


@dataclass(eq=False)
class FieldKeysMissingError(OobError):
    """The key file at ``path`` is missing or holds no key (``reason``)."""

    path: Path
    reason: str


@dataclass(eq=False)
class SecretUnreadableError(OobError):
    """No key of the key file at ``path`` opens a stored secret."""

    path: Path


def encrypt(text: str) -> str:
    """Encrypt with the newest key. Raises ``FieldKeysMissingError``."""
    return _present_keys().encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """The text of a token. Raises ``SecretUnreadableError``, ``FieldKeysMissingError``."""
    try:
        return _present_keys().decrypt(token.encode()).decode()
    except InvalidToken:
        raise SecretUnreadableError(_path()) from None


def _path() -> Path:
    return Path(settings.OOB_DATA_DIR) / FIELD_KEYS_NAME


def _present_keys() -> MultiFernet:
    path = _path()
    try:
        status = path.stat()
        return _load(path, (status.st_ino, status.st_mtime_ns, status.st_size))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no key"
        raise FieldKeysMissingError(path, str(reason)) from None


@lru_cache(maxsize=2)
def _load(path: Path, _version: tuple[int, int, int]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in read_field_keys(path)])
