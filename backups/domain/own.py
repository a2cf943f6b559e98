"""The copy of oobsite itself: its database in one state, and its keys wrapped with the recovery passphrase."""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from backups.domain.errors import OwnCopyError, RecoveryKeyMissingError
from backups.domain.job import Job
from backups.domain.mariadb.dump import make_dump_command
from backups.domain.mariadb.server import Access, write_defaults_file
from backups.domain.process import Streams, running_child, wait_for
from oobsite.files import write_private
from oobsite.keys import collect_keys, load_recovery_key

DATABASE_NAME = "oobsite.sqlite3"
DUMP_NAME = "oobsite.sql"
KEYS_NAME = "keys.wrapped"
_DUMP_SECONDS = 3600
_LOCK_SECONDS = 60


@dataclass(frozen=True)
class OwnDatabase:
    """Where the own database is: a SQLite file, or a MariaDB or PostgreSQL server (``engine``)."""

    engine: str
    path: Path
    access: Access


def copy_own_data(database: OwnDatabase, data_dir: Path, job: Job) -> Path:
    """Make a folder with a consistent copy of the database and the wrapped keys; return it.

    Raises ``OwnCopyError``, ``RecoveryKeyMissingError``.
    """
    folder = job.work_dir / "own"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        recovery_key = load_recovery_key(data_dir)
    except FileNotFoundError as error:
        raise RecoveryKeyMissingError from error
    try:
        _copy_database(database, folder, job)
        write_private(folder / KEYS_NAME, recovery_key.wrap(collect_keys(data_dir)))
    except (sqlite3.Error, OSError, ValueError, KeyError) as error:
        raise OwnCopyError(str(error)) from error
    return folder


def _copy_database(database: OwnDatabase, folder: Path, job: Job) -> None:
    if database.engine == "sqlite":
        copy_sqlite(database.path, folder / DATABASE_NAME, job)
    elif database.engine == "mysql":
        defaults = write_defaults_file(job.work_dir, database.access)
        _dump(make_dump_command(defaults, database.access.database), folder, job)
        defaults.unlink()
    else:
        _dump(["pg_dump", "--no-password", f"--dbname={pg_login(database.access, job)}"], folder, job)


def copy_sqlite(source: Path, target: Path, job: Job, *, patience: float = _LOCK_SECONDS) -> None:
    """Copy a SQLite database that is in use, by SQLite's own backup, and check the copy.

    Raises ``sqlite3.Error``, also when the database stays locked for ``patience`` seconds.
    """
    deadline = time.monotonic() + patience

    def check(status: int, _remaining: int, _total: int) -> None:
        job.check_cancelled()  # SQLite itself would wait for ever
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() > deadline:
            raise sqlite3.OperationalError("database is locked")

    with closing(sqlite3.connect(source, timeout=1)) as origin, closing(sqlite3.connect(target)) as copy:
        origin.backup(copy, progress=check)
        answer = copy.execute("PRAGMA integrity_check").fetchone()
        if answer != ("ok",):
            raise sqlite3.DatabaseError(str(answer))


def _write_pgpass(access: Access, job: Job) -> Path:
    path = job.work_dir / "pgpass"
    path.unlink(missing_ok=True)
    password = access.password.replace("\\", "\\\\").replace(":", "\\:")
    write_private(path, f"*:*:*:*:{password}\n".encode())
    return path


def pg_login(access: Access, job: Job) -> str:
    """What PostgreSQL's programs take as ``--dbname``; the password stands in a file of the job."""
    host = access.socket or access.host
    passfile = _write_pgpass(access, job)
    return f"host={host} port={access.port} user={access.user} dbname={access.database} passfile={passfile}"


def _dump(command: list[str], folder: Path, job: Job) -> None:
    log_path = job.work_dir / "own.log"
    with (
        (folder / DUMP_NAME).open("xb") as out,
        log_path.open("wb") as log,
        running_child(command, job, Streams(stdout=out, stderr=log)) as child,
    ):
        status = wait_for(child, job, timeout=_DUMP_SECONDS)
    if status != 0:
        raise OwnCopyError(log_path.read_text(errors="replace").strip()[-300:])
