"""Settings and rows turned into what the domain takes as arguments."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections

from backups.domain.archive import Target
from backups.domain.errors import FileSystemError
from backups.domain.manifest import Content
from backups.domain.mariadb.server import Access
from backups.domain.overlap import BACKUP, find_overlaps
from backups.domain.own import OwnDatabase
from backups.domain.process import Identity
from backups.models import Source
from oobsite.files import FOLDER_MODE

_SHARED_MODE = FOLDER_MODE | 0o020
_DEFAULT_PORTS = {"mysql": 3306, "postgresql": 5432}


def backup_dir() -> Path:
    return Path(settings.OOB_BACKUP_DIR)


def work_dir() -> Path:
    return Path(settings.OOB_WORK_DIR)


def sql_dir() -> Path:
    """The folder of SQL files, made when it is missing; web and worker share it by their group."""
    folder = Path(settings.OOB_SQL_DIR)
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(_SHARED_MODE)
    except OSError as error:
        raise FileSystemError(str(folder), error.strerror or str(error)) from error
    return folder


def sources_dir() -> Path:
    return Path(settings.OOB_SOURCES_DIR)


def practice_access() -> Access:
    """The practice's MariaDB with the account for backups."""
    return Access(
        host=settings.DBHOST,
        port=settings.DBPORT,
        user=settings.OOB_BACKUP_DBUSER,
        password=settings.OOB_BACKUP_DBPWD,
        database=settings.DBNAME,
        socket=settings.OOB_DBSOCKET,
    )


def own_database() -> OwnDatabase:
    """oobsite's own database."""
    values: dict[str, Any] = connections["default"].settings_dict
    host = values.get("HOST") or ""
    access = Access(
        host=host,
        port=int(values.get("PORT") or _DEFAULT_PORTS.get(connections["default"].vendor, 0)),
        user=values.get("USER") or "",
        password=values.get("PASSWORD") or "",
        database=str(values["NAME"]),
        socket=host if host.startswith("/") else "",
    )
    return OwnDatabase(connections["default"].vendor, Path(values["NAME"]), access)


def proof_identity() -> Identity:
    """The user of private servers: one of its own when we are root, else our own."""
    if os.geteuid() == 0:
        return Identity(settings.OOB_PROOF_UID, settings.OOB_PROOF_UID)
    return Identity(os.geteuid(), os.getegid())


def target(name: str, *, last: Content) -> Target:
    """``last``: of the archive before, the guess at what this one will be."""
    path = backup_dir() / name
    return Target(path, settings.OOB_COMPRESSION_THREADS, last.size, last.tar_bytes, last.entries)


def timeout_seconds() -> float:
    return float(settings.OOB_BACKUP_TIMEOUT_HOURS * 3600)


def source_folders() -> dict[str, Path]:
    """Folders of all active sources but oobsite itself."""
    sources = Source.objects.filter(is_active=True).exclude(kind=Source.Kind.OWN)
    return {source.name: source.folder for source in sources}


def find_overlapping(folders: Mapping[str, Path]) -> list[tuple[str, str]]:
    """Pairs of names of sources that share files with each other or with our own folders.

    Our own folders (``backup``, ``work``, and the data folder as ``oobsite``) may lie in each other.
    """
    ours = {"oobsite": Path(settings.OOB_DATA_DIR), "work": work_dir()}
    pairs = find_overlaps({**folders, **ours}, backup_dir())
    return [pair for pair in pairs if not set(pair) <= {*ours, BACKUP}]
