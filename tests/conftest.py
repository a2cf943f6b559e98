"""Fixtures for all tests."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short empty folder through which other users may pass, as a server of the practice or of a proof needs."""
    path = Path(tempfile.mkdtemp(prefix="oobf-", dir="/tmp"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def installation(folder: Path, settings, db) -> Path:
    """An installation of its own: backup, work and source folders below the returned one, keys made."""
    from oobsite.keys import create_recovery_key

    for name in ("backup", "work", "mnt", "data"):
        (folder / name).mkdir()
        (folder / name).chmod(0o711)
    settings.OOB_BACKUP_DIR = folder / "backup"
    settings.OOB_WORK_DIR = folder / "work"
    settings.OOB_SOURCES_DIR = folder / "mnt"
    create_recovery_key(settings.OOB_DATA_DIR)
    return folder
