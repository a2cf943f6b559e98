"""Which SQL files there are, and what a restore from one of them was asked to do, as its run keeps it."""

from __future__ import annotations

import stat
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from backups.domain.sql.errors import SqlFileMissingError
from backups.models import BackupRun, SqlFile
from backups.services import config

SQL_SUFFIXES = (".sql", ".sql.gz", ".sql.zst")
_BACKUP, _OWN, _PATH = "backup:", "sqlfile:", "path:"


@dataclass(frozen=True)
class SqlRequest:
    """``file``: ``backup:<name in the backup folder>`` or ``sqlfile:<uid of an SqlFile>``; ``path:<absolute path>``
    comes from the command line alone.

    ``charset``: what the user says of a file that does not tell it. ``is_unfinished_accepted``: a file without its
    closing line is taken all the same. ``are_clients_accepted``: who is connected meanwhile may find other data.
    ``version``: of the file whose check the user has read, as ``version_of`` tells it; empty when nobody has.
    """

    file: str
    charset: str = ""
    is_unfinished_accepted: bool = False
    with_safety_backup: bool = True
    are_clients_accepted: bool = False
    version: str = ""

    @classmethod
    def of(cls, run: BackupRun) -> SqlRequest:
        return cls(**{name: run.request[name] for name in cls.__dataclass_fields__ if name in run.request})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class ListedSql(NamedTuple):
    """An SQL file that can be chosen; ``origin`` is ``backup`` or that of its ``SqlFile``."""

    token: str
    title: str
    size: int
    modified_at: datetime
    origin: str


def list_sql_files() -> list[ListedSql]:
    """SQL files of the backup folder and our own complete ones, newest first."""
    found = [*_list_backup_folder(), *_list_own_files()]
    return sorted(found, key=lambda listed: listed.modified_at, reverse=True)


def _list_backup_folder() -> list[ListedSql]:
    try:
        paths = [path for path in config.backup_dir().iterdir() if is_sql_name(path.name)]
    except OSError:
        return []
    found = [_list_path(path, _BACKUP + path.name, path.name, "backup") for path in paths]
    return [listed for listed in found if listed is not None]


def _list_own_files() -> list[ListedSql]:
    files = SqlFile.objects.filter(is_complete=True)
    found = [_list_path(file.path, _OWN + file.uid, file.title, file.origin) for file in files]
    return [listed for listed in found if listed is not None]


def _list_path(path: Path, token: str, title: str, origin: str) -> ListedSql | None:
    """None for what is no file, or not there any more: somebody may delete it just now."""
    try:
        status = path.stat()
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return ListedSql(token, title, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC), origin)


def is_sql_name(name: str) -> bool:
    return name.lower().endswith(SQL_SUFFIXES) and not name.startswith(".")


def open_sql_file(token: str) -> Path:
    """The path of a file that a screen may name. Raises ``SqlFileMissingError``."""
    if token.startswith(_BACKUP):
        return _require_file(config.backup_dir(), token.removeprefix(_BACKUP))
    file = SqlFile.objects.filter(uid=token.removeprefix(_OWN), is_complete=True).first()
    if not token.startswith(_OWN) or file is None or not file.path.is_file():
        raise SqlFileMissingError(token)
    return file.path


def _require_file(folder: Path, name: str) -> Path:
    path = folder / name
    if Path(name).name != name or not is_sql_name(name) or not path.is_file():
        raise SqlFileMissingError(name)
    return path


def token_of(name: str) -> str:
    """The token of what somebody wrote on the command line: a path, or a name in the backup folder.

    Raises ``SqlFileMissingError``.
    """
    path = Path(name).absolute()
    if path.is_file():
        return f"{_PATH}{path}"
    _require_file(config.backup_dir(), name)
    return _BACKUP + name


def locate(request: SqlRequest) -> Path:
    """The path of the file of a request. Raises ``SqlFileMissingError``."""
    if not request.file.startswith(_PATH):
        return open_sql_file(request.file)
    path = Path(request.file.removeprefix(_PATH))
    if not path.is_file():
        raise SqlFileMissingError(str(path))
    return path


def version_of(path: Path) -> str:
    """Another one as soon as somebody has written to the file, or put another in its place."""
    status = path.stat()
    return f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}"


def title_of(request: SqlRequest) -> str:
    """What people call the file of a request."""
    kind, _, name = request.file.partition(":")
    file = SqlFile.objects.filter(uid=name).first() if f"{kind}:" == _OWN else None
    return file.title if file is not None else Path(name).name
