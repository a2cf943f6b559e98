"""Where certificates lie, and the lock under which files and rows change together."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath

from django.conf import settings

from oobsite.files import locked

LOCK_NAME = "certs.lock"


def certs_dir() -> Path:
    return Path(settings.OOB_CERTS_DIR)


def served_dir() -> Path:
    """Where the proxy reads pairs: a folder of its own, which holds no other data, or the certs folder itself."""
    return Path(settings.OOB_SERVED_CERTS_DIR or settings.OOB_CERTS_DIR)


def traefik_dir() -> Path:
    return Path(settings.OOB_TRAEFIK_DIR)


def seen_dir() -> PurePosixPath:
    """``served_dir`` as the proxy sees it."""
    return PurePosixPath(settings.OOB_PROXY_CERTS_DIR)


def writing() -> AbstractContextManager[None]:
    """One job at a time writes pairs and the proxy's file; what dies lets go of the lock."""
    return locked(Path(settings.OOB_DATA_DIR) / LOCK_NAME)
