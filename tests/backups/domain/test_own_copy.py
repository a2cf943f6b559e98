"""The copy of oobsite's own database."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from backups.domain.errors import CancelledError
from backups.domain.job import Job
from backups.domain.own import copy_sqlite


@pytest.fixture
def database(folder):
    path = folder / "own.sqlite3"
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("CREATE TABLE users (name TEXT)")
        made.executemany("INSERT INTO users VALUES (?)", [("x" * 1000,)] * 500)
    return path


def test_a_copy_holds_what_was_committed_and_nothing_else(database, folder, job):
    with closing(sqlite3.connect(database)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("INSERT INTO users VALUES ('uncommitted')")
        copy_sqlite(database, folder / "copy", job)
    with closing(sqlite3.connect(folder / "copy")) as copy:
        assert copy.execute("SELECT COUNT(*) FROM users").fetchone() == (500,)


def test_a_damaged_database_is_not_copied_as_if_it_were_good(database, folder, job):
    content = bytearray(database.read_bytes())
    content[8192:12288] = bytes(4096)
    database.write_bytes(content)
    with pytest.raises(sqlite3.DatabaseError):
        copy_sqlite(database, folder / "copy", job)


def test_a_database_that_stays_locked_ends_the_copy(database, folder, job):
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            copy_sqlite(database, folder / "copy", job, patience=0.1)


def test_a_cancelled_job_ends_the_copy(database, folder):
    with pytest.raises(CancelledError):
        copy_sqlite(database, folder / "copy", Job("0123456789ab", folder, is_cancelled=lambda: True))
