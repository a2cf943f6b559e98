"""Where certificates lie, and the lock under which files and rows change together."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from django.conf import settings

LOCK_NAME = "certs.lock"


def certs_dir() -> Path:
    return Path(settings.OOB_CERTS_DIR)


def traefik_dir() -> Path:
    return Path(settings.OOB_TRAEFIK_DIR)


def seen_dir() -> PurePosixPath:
    """The certs folder as the proxy sees it."""
    return PurePosixPath(settings.OOB_PROXY_CERTS_DIR)


@contextmanager
def writing() -> Iterator[None]:
    """One job at a time writes pairs and the proxy's file; what dies lets go of the lock."""
    path = Path(settings.OOB_DATA_DIR) / LOCK_NAME
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
