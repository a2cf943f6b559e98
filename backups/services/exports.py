"""SQL files that were exported from archives: what there is of them, and their end after a week."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db.models import QuerySet

from backups.domain.archive import PART_SUFFIX
from backups.models import BackupRun, SqlFile
from backups.services.uploading import UNFINISHED_FOR
from oobsite.accounts.actors import Actor
from oobsite.audit.services import record

KEPT_DAYS = UNFINISHED_FOR.days
#: What can be downloaded: who has uploaded a file has it.
MADE_HERE = (SqlFile.Origin.EXPORT, SqlFile.Origin.SALVAGE)


def list_exports(archive: str) -> QuerySet[SqlFile]:
    """Exports of an archive that can be downloaded, the newest first."""
    action = BackupRun.Action.EXPORT
    runs = BackupRun.objects.filter(action=action, request__archive=archive)
    return SqlFile.objects.filter(origin=SqlFile.Origin.EXPORT, is_complete=True, run__in=runs)


def open_export(actor: Actor, file: SqlFile) -> BinaryIO:
    """The content of an export. Raises ``NotAllowedError``, ``AuditWriteError``, ``OSError`` without a file."""
    actor.require("backups.download_backuparchive")
    opened = file.path.open("rb")
    try:
        record(actor, "export.downloaded", file)
    except BaseException:
        opened.close()
        raise
    return opened


def remove_parts() -> None:
    """Remove what exports have left that were killed. Only the holder of the lock may call this."""
    for path in Path(settings.OOB_SQL_DIR).glob(f"*.sql.{'[0-9a-f]' * 12}{PART_SUFFIX}"):
        path.unlink(missing_ok=True)
