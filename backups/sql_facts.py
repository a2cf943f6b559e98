"""What the screens of SQL files show, as facts: which files there are, and what a check of one has found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backups.domain import upload
from backups.domain.upload_errors import UploadMissingError
from backups.messages import sentence
from backups.models import BackupRun, SqlFile
from backups.services.sqlrequest import ListedSql, SqlRequest, list_sql_files, title_of
from backups.services.uploading import removed_at

FILES_SHOWN = 3
TABLES_SHOWN = 8
_OWN = "sqlfile:"
#: What an owner need not know before; the log tells it.
_FOR_THE_LOG = ("sql-definers-removed",)
_IN_BACKUP_FOLDER = _("in the backup folder")

#: What a user can answer when a file does not tell its character set, and is no UTF-8.
CHARSETS: tuple[tuple[str, Promise], ...] = (
    ("cp1252", _("Windows or Linux, Western European (the usual one)")),
    ("cp850", _("DOS or the Windows command line")),
    ("macroman", _("Mac, before OS X")),
)


@dataclass(frozen=True)
class ShownFile:
    """A file that can be checked; ``uid`` is empty, and ``removed_at`` None, for those that oobsite does not delete.

    ``is_again``: a newer one has the same name and size.
    """

    listed: ListedSql
    uid: str
    removed_at: datetime | None
    is_again: bool

    @property
    def origin_words(self) -> str:
        origins = {str(value): str(words) for value, words in SqlFile.Origin.choices}
        return origins.get(self.listed.origin, str(_IN_BACKUP_FOLDER))


@dataclass(frozen=True)
class Unfinished:
    """An upload that has stopped half-way, or is going on in another window; sizes in bytes."""

    uid: str
    title: str
    size: int
    done: int


@dataclass(frozen=True)
class Choices:
    """Files that can be checked, the newest first; those in ``more`` are folded away."""

    files: Sequence[ShownFile]
    more: Sequence[ShownFile]
    unfinished: Sequence[Unfinished]


def list_choices() -> Choices:
    ends = {file.uid: removed_at(file) for file in SqlFile.objects.filter(is_complete=True)}
    files: list[ShownFile] = []
    seen: set[tuple[str, int]] = set()
    for listed in list_sql_files():
        uid, looks = _own_uid(listed), (listed.title, listed.size)
        files.append(ShownFile(listed, uid, ends.get(uid), is_again=looks in seen))
        seen.add(looks)
    uploads = SqlFile.objects.filter(origin=SqlFile.Origin.UPLOAD, is_complete=False)
    unfinished = [Unfinished(file.uid, file.title, file.size, _written(file)) for file in uploads]
    return Choices(files[:FILES_SHOWN], files[FILES_SHOWN:], unfinished)


def _own_uid(listed: ListedSql) -> str:
    return listed.token.removeprefix(_OWN) if listed.token.startswith(_OWN) else ""


def _written(file: SqlFile) -> int:
    try:
        return upload.written_bytes(file.path)
    except UploadMissingError:
        return 0


@dataclass(frozen=True)
class SqlCheck:
    """The check of a file, and what it has found."""

    run: BackupRun

    @property
    def request(self) -> SqlRequest:
        return SqlRequest.of(self.run)

    @property
    def confirmable(self) -> SqlRequest:
        """The same for just this version of the file."""
        return replace(self.request, version=self.result.get("version", ""))

    @cached_property
    def title(self) -> str:
        return title_of(self.request)

    @property
    def is_good(self) -> bool:
        return self.run.state in (BackupRun.State.DONE, BackupRun.State.WARNINGS)

    @property
    def error(self) -> str:
        """The sentence of why it has failed."""
        lines = [line for line in self.run.log if line.get("level") == "error"]
        return sentence(lines[-1]["code"], lines[-1].get("params", {})) if lines else ""

    @property
    def asks_for_charset(self) -> bool:
        """Whether it has failed because the user has to say something first."""
        return any(line.get("code") in ("charset-unknown", "charset-wrong") for line in self.run.log)

    @property
    def is_finished(self) -> bool:
        """Whether the file has its closing line."""
        return bool(self.result.get("is_finished"))

    @property
    def result(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.run.result
        return found

    @property
    def size(self) -> int:
        """Bytes of the file, unpacked."""
        return int(self.result.get("size", 0))

    @cached_property
    def tables(self) -> Sequence[Mapping[str, Any]]:
        """Name and rows, most rows first."""
        found: list[Mapping[str, Any]] = list(self.result.get("tables", []))
        return sorted(found, key=lambda table: -int(table["rows"] or 0))

    @property
    def first_tables(self) -> Sequence[Mapping[str, Any]]:
        return self.tables[:TABLES_SHOWN]

    @property
    def more_tables(self) -> Sequence[Mapping[str, Any]]:
        return self.tables[TABLES_SHOWN:]

    @property
    def row_count(self) -> int:
        return sum(int(table["rows"] or 0) for table in self.tables)

    @property
    def remarks(self) -> Sequence[str]:
        return [sentence(code, {}) for code in self.result.get("remarks", []) if code not in _FOR_THE_LOG]

    @property
    def stops(self) -> Sequence[str]:
        """Containers that were found running and would be stopped for the exchange."""
        found: list[str] = self.result.get("stops", [])
        return found

    @property
    def counts(self) -> dict[str, Any]:
        """Numbers of the practice as the file has them."""
        found: dict[str, Any] = self.result.get("counts") or {}
        return found
