"""Bringing users, settings and keys back from an archive of oobsite itself, on an empty installation.

With SQLite everything is made ready in a private folder, then the keys are put in place and at last, in one
transaction, the database: ended at any moment, the installation is empty, and it can be tried again, or whole. A
server is loaded in place; a mark in the data folder says that it is half full until it is ready.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone

from backups.domain.catalog import Listed
from backups.domain.errors import (
    ArchiveMissingError,
    BusyError,
    DamagedArchiveError,
    InstallationNotEmptyError,
    OtherDatabaseError,
    OwnArchiveMissingError,
    SelfRestoreError,
)
from backups.domain.job import Job
from backups.domain.lock import pinned
from backups.domain.own import DATABASE_NAME
from backups.domain.ownrestore import OwnCopy, load_dump, open_own_copy, put_sqlite
from backups.domain.process import make_child_command
from backups.domain.reading import read_tar_gz
from backups.domain.unpack import Unpacking, unpack
from backups.services import catalogue, config
from oobsite.accounts.actors import Actor
from oobsite.accounts.models import User
from oobsite.audit.services import record
from oobsite.audit.witness import WITNESS_NAME
from oobsite.errors import Notice, OobError
from oobsite.keys import (
    RECOVERY_NAME,
    TRAVELLING,
    adopt,
    create_field_keys,
    renew_recovery_key,
    replace_key,
)

SERIES = "oobsite"


@dataclass(eq=False)
class NotOfOobsiteError(OobError):
    """The named archive holds data of the practice, not oobsite itself."""

    name: str


MARK_NAME = "restoreself.part"
_STAGE_PREFIX = ".restoreself-"


@dataclass(frozen=True)
class SelfRestored:
    """From which archive, how many secrets no key opens, and what the catalogue said."""

    archive: str
    unreadable: int
    notices: tuple[Notice, ...]


def restore_self(actor: Actor, passphrase: str, name: str | None = None) -> SelfRestored:
    """Restore from the archive ``name`` or the newest one. Nothing is changed when an error is raised before the end.

    Raises ``InstallationNotEmptyError``, ``OwnArchiveMissingError``, ``ArchiveMissingError``,
    ``DamagedArchiveError``, ``PassphraseWrongError``, ``OwnCopyUnfitError``, ``OtherDatabaseError``,
    ``SelfRestoreError``, ``BusyError``.
    """
    passphrase = _as_on_paper(passphrase)
    with _alone(), _stage() as stage:
        _require_empty()
        listed = _choose_archive(name)
        with pinned(config.backup_dir() / listed.name):
            copy = _open_archive(listed, passphrase, stage)
        if copy.engine != connection.vendor:
            raise OtherDatabaseError(copy.engine, connection.vendor)
        connection.close()
        unreadable = (_put_file if copy.engine == "sqlite" else _put_dump)(copy, passphrase, stage)
    notices = _scan()
    record(actor, "self.restored", None, {"archive": listed.name})
    return SelfRestored(listed.name, unreadable, notices)


def _as_on_paper(typed: str) -> str:
    """Capitals and blanks do not matter; the key of later backups is made from what stands on the paper."""
    return re.sub(r"[\s-]+", "-", typed.strip().lower())


def is_unfinished() -> bool:
    """Whether the database of a server is half loaded."""
    return (_data_dir() / MARK_NAME).exists()


def _data_dir() -> Path:
    return Path(settings.OOB_DATA_DIR)


@contextmanager
def _alone() -> Iterator[None]:
    descriptor = os.open(_data_dir(), os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise BusyError("restoreself", "?") from error
    finally:
        os.close(descriptor)


@contextmanager
def _stage() -> Iterator[Path]:
    """A private folder; what earlier ones have left, keys in clear among it, is removed."""
    for path in _data_dir().glob(f"{_STAGE_PREFIX}*"):
        shutil.rmtree(path)
    folder = Path(tempfile.mkdtemp(prefix=_STAGE_PREFIX, dir=_data_dir()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _require_empty() -> None:
    if connection.vendor == "sqlite":
        is_there = Path(connection.settings_dict["NAME"]).exists()
        if is_there and User._meta.db_table in connection.introspection.table_names() and User.objects.exists():
            raise InstallationNotEmptyError("users")
    elif connection.introspection.table_names() and not is_unfinished():
        raise InstallationNotEmptyError("tables")


def _choose_archive(name: str | None) -> Listed:
    listed = catalogue.list_folder()
    ours = [item for item in listed if item.series == SERIES and item.is_ours]
    if name is not None and any(item.name == Path(name).name and item not in ours for item in listed):
        raise NotOfOobsiteError(name)
    if not ours:
        raise OwnArchiveMissingError(config.backup_dir())
    found = ours[-1] if name is None else next((item for item in ours if item.name == Path(name).name), None)
    if found is None:
        raise ArchiveMissingError(str(name))
    return found


def _open_archive(listed: Listed, passphrase: str, stage: Path) -> OwnCopy:
    """Judge, unpack, open: what comes out is as oobsite wrote it."""
    path, job = config.backup_dir() / listed.name, Job("restoreself", stage)
    reading = read_tar_gz(path, job)
    if listed.manifest is None or reading.content != listed.manifest.content:
        raise DamagedArchiveError(path, "content")
    folder = stage / "copy"
    folder.mkdir()
    unpack(Unpacking(path, folder, reading), job)
    return open_own_copy(folder, passphrase)


def _put_file(copy: OwnCopy, passphrase: str, stage: Path) -> int:
    ready = stage / "data"
    ready.mkdir(mode=0o700)
    _write_keys(copy, passphrase, ready)
    copy.database.rename(ready / DATABASE_NAME)
    unreadable = _settle(ready, {"OOB_DATABASE_URL": "", "OOB_DATABASE_URL_FILE": ""})
    for name in (*TRAVELLING, RECOVERY_NAME, WITNESS_NAME):
        replace_key(_data_dir() / name, (ready / name).read_text(encoding="utf-8"))
    live = Path(connection.settings_dict["NAME"])
    put_sqlite(ready / DATABASE_NAME, live)
    adopt(live)
    return unreadable


def _put_dump(copy: OwnCopy, passphrase: str, stage: Path) -> int:
    mark = _data_dir() / MARK_NAME
    if mark.exists():
        _drop_tables()
    replace_key(mark, timezone.now().isoformat())
    _write_keys(copy, passphrase, _data_dir())
    load_dump(copy.database, config.own_database(), Job("restoreself", stage))
    unreadable = _settle(_data_dir(), {})
    mark.unlink()
    return unreadable


def _write_keys(copy: OwnCopy, passphrase: str, folder: Path) -> None:
    """The keys of the archive; those that it lacks, being older, are made. The paper stays valid."""
    for name, content in copy.keys.items():
        replace_key(folder / name, content)
    create_field_keys(folder)
    renew_recovery_key(folder, passphrase)


def _drop_tables() -> None:
    """Only what was loaded by a restore that did not come to its end: before it, there was no table."""
    with connection.cursor() as cursor, connection.constraint_checks_disabled():
        for name in connection.introspection.table_names(cursor):
            ending = " CASCADE" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TABLE {connection.ops.quote_name(name)}{ending}")
    connection.close()


def _settle(data_dir: Path, changes: dict[str, str]) -> int:
    """Bring the database to the present schema, in a process that has the restored keys."""
    command = make_child_command([sys.executable, "-m", "oobsite.settling"], None)
    environment = os.environ | {"OOB_DATA_DIR": str(data_dir)} | changes
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SelfRestoreError(done.stderr.strip()[-300:])
    return int(json.loads(done.stdout)["unreadable"])


def _scan() -> tuple[Notice, ...]:
    try:
        # What the restored rows know beyond the folder was deleted after that backup.
        return catalogue.sync_catalogue(is_told=False).notices
    except OobError as error:  # everything is back; the catalogue can be rebuilt at any time
        return (error.notice,)
