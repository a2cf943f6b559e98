"""Where Webelexis' file lies, and the lock under which it is written."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from django.conf import settings
from django.utils.crypto import salted_hmac

from oobsite.files import locked
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


def writing() -> AbstractContextManager[None]:
    """One job at a time writes the file; what dies lets go of the lock."""
    return locked(Path(settings.OOB_DATA_DIR) / LOCK_NAME)
