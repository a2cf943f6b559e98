"""Fixtures for all tests."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The same examples every time and no limit in time: what is red is so because of a change, not of the machine.
settings.register_profile("tests", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """The folders with the long tests come first, so that the processes of `make test` end at about the same time."""
    items.sort(key=lambda item: item.path.parent.name not in ("real", "e2e"))


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
    settings.OOB_SQL_DIR = folder / "sql"
    settings.OOB_SOURCES_DIR = folder / "mnt"
    create_recovery_key(settings.OOB_DATA_DIR)
    return folder


@pytest.fixture
def pages(settings, tmp_path) -> None:
    """Pages can be asked for without collectstatic."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    settings.STATIC_ROOT = tmp_path


@pytest.fixture(scope="session", autouse=True)
def audit_can_be_flushed() -> Iterator[None]:
    """Tests with real transactions empty every table at their end; only then the events' triggers stand aside.

    The sources that the migrations made come back, so that it does not matter which test is next.
    """
    from django.conf import settings
    from django.db.backends.base.operations import BaseDatabaseOperations

    from oobsite.audit.triggers import TABLE, create_triggers, drop_triggers
    from oobsite.audit.witness import WITNESS_NAME

    flush = BaseDatabaseOperations.execute_sql_flush

    def flush_all(operations, statements):
        has_events = any(TABLE in statement for statement in statements)
        if has_events:
            drop_triggers(operations.connection)
        flush(operations, statements)
        if has_events:
            create_triggers(operations.connection)
            _make_sources()
            (Path(settings.OOB_DATA_DIR) / WITNESS_NAME).unlink(missing_ok=True)

    BaseDatabaseOperations.execute_sql_flush = flush_all
    yield
    BaseDatabaseOperations.execute_sql_flush = flush


def _make_sources() -> None:
    """In bulk, for then no event tells of it."""
    from backups.models import Source

    defaults = import_module("backups.migrations.0002_default_sources").DEFAULT_SOURCES
    Source.objects.bulk_create(
        Source(name=name, title=title, kind=kind, path=name if name != "oobsite" else "", is_required=must, order=order)
        for name, title, kind, must, order in defaults
    )


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Tests log in hundreds of times."""
    from django.test import override_settings

    with override_settings(PASSWORD_HASHERS=["tests.people.QuickHasher"]):
        yield
