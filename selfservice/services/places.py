"""Where Webelexis' file lies, and the lock under which it is written."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.utils.crypto import salted_hmac

from selfservice.domain import store
from selfservice.domain.errors import SettingsFileMissingError

LOCK_NAME = "selfservice.lock"


def settings_path() -> Path:
    return Path(settings.OOB_WEBELEXIS_DIR) / store.NAME


def read_present() -> bytes | None:
    """The file as it is now; None when there is none. Raises as ``store.read_file``."""
    try:
        return store.read_file(settings_path())
    except SettingsFileMissingError:
        return None


def fingerprint(content: bytes | None) -> str:
    """Tells states of the file apart; empty for one that is not there.

    Keyed: pages show it, and a plain hash would let others try passwords on it.
    """
    return "" if content is None else salted_hmac("selfservice", content, algorithm="sha256").hexdigest()


@contextmanager
def writing() -> Iterator[None]:
    """One job at a time writes the file; what dies lets go of the lock."""
    path = Path(settings.OOB_DATA_DIR) / LOCK_NAME
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
