"""The way back of ``own.py``: what lies in an unpacked copy of oobsite, and how its database is put in place."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import InvalidToken

from backups.domain.errors import OwnCopyUnfitError, PassphraseWrongError, SelfRestoreError
from backups.domain.job import Job
from backups.domain.mariadb.server import write_defaults_file
from backups.domain.own import DATABASE_NAME, DUMP_NAME, KEYS_NAME, OwnDatabase, pg_login
from backups.domain.process import Streams, running_child, wait_for
from oobsite.keys import parse_keys, unwrap

_LOAD_SECONDS = 3600
_SANDBOX_LINE = re.compile(rb"^/\*M?!999999\\- enable the sandbox mode \*/\s*$")
# Whoever loads the dump becomes the definer: the account of the old server may not exist, and is not his to give.
_DEFINER = re.compile(rb"^(/\*!50003 CREATE\*/ )/\*!50017 DEFINER=`(?:[^`]|``)*`@`(?:[^`]|``)*`\*/ ")
_OTHER_DATABASE = (b"CREATE DATABASE ", b"USE `")
_HARMLESS = (b"\\restrict ", b"\\unrestrict ")


@dataclass(frozen=True)
class OwnCopy:
    """An unpacked copy: its keys by file name, and its database, a SQLite file or a dump of ``engine``."""

    keys: dict[str, str]
    engine: str
    database: Path


def open_own_copy(folder: Path, passphrase: str) -> OwnCopy:
    """Open the keys of an unpacked copy and see what its database is.

    Raises ``PassphraseWrongError``, ``OwnCopyUnfitError``.
    """
    if any(path.is_symlink() for path in folder.iterdir()):
        raise OwnCopyUnfitError(KEYS_NAME)
    try:
        keys = parse_keys(unwrap((folder / KEYS_NAME).read_bytes(), passphrase))
    except InvalidToken as error:
        raise PassphraseWrongError from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OwnCopyUnfitError(KEYS_NAME) from error
    database = next((folder / name for name in (DATABASE_NAME, DUMP_NAME) if (folder / name).is_file()), None)
    if database is None:
        raise OwnCopyUnfitError(DATABASE_NAME)
    return OwnCopy(keys, _engine_of(database), database)


def _engine_of(database: Path) -> str:
    if database.name == DATABASE_NAME:
        return "sqlite"
    with database.open("rb") as file:
        return "postgresql" if b"PostgreSQL database dump" in file.read(500) else "mysql"


def put_sqlite(source: Path, target: Path) -> None:
    """Make ``target`` what ``source`` is, in one transaction: a server that has it open goes on with the new one."""
    try:
        with closing(sqlite3.connect(source)) as origin, closing(sqlite3.connect(target, timeout=60)) as live:
            if origin.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                raise OwnCopyUnfitError(DATABASE_NAME)
            origin.backup(live)
    except sqlite3.Error as error:
        raise SelfRestoreError(str(error)) from error


def load_dump(dump: Path, database: OwnDatabase, job: Job) -> None:
    """Load a dump into the empty database of the same kind. Raises ``SelfRestoreError``, ``OwnCopyUnfitError``."""
    clean = job.work_dir / "clean.sql"
    lines = _mariadb_lines(dump) if database.engine == "mysql" else _postgresql_lines(dump)
    with clean.open("xb") as file:
        file.writelines(lines)
    log_path = job.work_dir / "load.log"
    with clean.open("rb") as stdin, log_path.open("wb") as log:
        streams = Streams(stdin=stdin, stdout=log, stderr=log)
        with running_child(_make_load_command(database, job), job, streams) as child:
            status = wait_for(child, job, timeout=_LOAD_SECONDS)
    clean.unlink()
    if status != 0:
        raise SelfRestoreError(log_path.read_text(errors="replace").strip()[-300:])


def _make_load_command(database: OwnDatabase, job: Job) -> list[str]:
    if database.engine == "mysql":
        defaults = write_defaults_file(job.work_dir, database.access)
        options = ["--skip-ssl", "--binary-mode", "--local-infile=0", "--max-allowed-packet=1G"]
        charset = "--default-character-set=utf8mb4"
        return ["mariadb", f"--defaults-file={defaults}", *options, charset, database.access.database]
    options = ["--no-psqlrc", "--no-password", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
    return ["psql", *options, f"--dbname={pg_login(database.access, job)}"]


def _mariadb_lines(dump: Path) -> Iterator[bytes]:
    """The dump without the names of the database and the account from which it came: both are others now."""
    with dump.open("rb") as file:
        for line in file:
            if not line.startswith(_OTHER_DATABASE) and not _SANDBOX_LINE.match(line):
                yield _DEFINER.sub(rb"\1", line)


def _postgresql_lines(dump: Path) -> Iterator[bytes]:
    """psql carries out what follows a backslash: only rows of data may have one."""
    is_data = False
    with dump.open("rb") as file:
        for line in file:
            if not is_data and b"\\" in line and not line.startswith(_HARMLESS):
                raise OwnCopyUnfitError(DUMP_NAME)
            if line.startswith(b"COPY ") and line.rstrip().endswith(b"FROM stdin;"):
                is_data = True
            elif line.rstrip() == b"\\.":
                is_data = False
            yield line
