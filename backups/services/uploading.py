"""Uploads of SQL files: begun, gone on with, finished, deleted, and removed when nobody has needed them for long."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from backups.domain import upload
from backups.domain.upload_errors import (
    SqlFileInUseError,
    UploadMissingError,
    UploadNoRoomError,
    UploadTooLargeError,
)
from backups.models import BackupRun, SqlFile
from backups.services import config
from oobsite.accounts.actors import Actor, system_actor
from oobsite.audit.services import record
from oobsite.errors import OobError
from oobsite.files import free_bytes

logger = logging.getLogger(__name__)
PERMISSION = "backups.restore_backuparchive"
#: Stays free for oobsite's own tables and its record.
RESERVE_BYTES = 500_000_000
UNFINISHED_FOR = timedelta(days=7)
KEPT_FOR = timedelta(days=30)
_OWN_NAME = re.compile(r"[0-9a-f]{32}\.sql(\.part)?")


def largest_upload() -> int:
    """Bytes of the largest file that may be uploaded now."""
    return max(0, min(_allowed_bytes(), _room()))


def _allowed_bytes() -> int:
    return int(settings.OOB_UPLOAD_MAX_GB) * 10**9


def _room() -> int:
    """Free bytes, less the reserve and what uploads that have begun will still need."""
    return free_bytes(config.sql_dir()) - RESERVE_BYTES - sum(_outstanding(file) for file in _unfinished())


def _unfinished() -> Iterable[SqlFile]:
    return SqlFile.objects.filter(origin=SqlFile.Origin.UPLOAD, is_complete=False)


def _outstanding(file: SqlFile) -> int:
    try:
        return file.size - upload.written_bytes(file.path)
    except UploadMissingError:
        return 0


def begin_upload(actor: Actor, title: str, size: int) -> SqlFile:
    """Make room for a file of ``size`` bytes. Raises ``NotAllowedError``, ``UploadTooLargeError``,
    ``UploadNoRoomError`` and as ``upload.begin``."""
    actor.require(PERMISSION)
    if size > _allowed_bytes():
        raise UploadTooLargeError(_allowed_bytes())
    if size > _room():
        raise UploadNoRoomError(size - _room())
    with transaction.atomic():
        file = SqlFile.objects.create(
            title=title, origin=SqlFile.Origin.UPLOAD, size=size, requested_by=actor.user, is_complete=False
        )
        upload.begin(file.path)
    settle_upload(actor, file)
    return file


def find_upload(actor: Actor, uid: str) -> SqlFile:
    """Raises ``NotAllowedError``, ``UploadMissingError``."""
    actor.require(PERMISSION)
    file = SqlFile.objects.filter(uid=uid, origin=SqlFile.Origin.UPLOAD).first()
    if file is None:
        raise UploadMissingError
    return file


def continue_upload(actor: Actor, file: SqlFile, offset: int, blocks: Iterable[bytes]) -> int:
    """Take ``blocks`` that begin at ``offset``; returns how many bytes are there. Raises as ``upload.append``."""
    upload.append(file.path, range(offset, max(offset, file.size)), blocks)
    return settle_upload(actor, file)


def settle_upload(actor: Actor, file: SqlFile) -> int:
    """How many bytes are there; with the last one the file is complete. Raises ``UploadMissingError``."""
    written = upload.written_bytes(file.path)
    if written == file.size and not file.is_complete:
        _complete(actor, file)
    return written


def _complete(actor: Actor, file: SqlFile) -> None:
    """Whoever dies in here leaves a whole part or a whole file, and the next question for it comes here again."""
    upload.finish(file.path)
    with transaction.atomic():
        if SqlFile.objects.filter(pk=file.pk, is_complete=False).update(is_complete=True):
            record(actor, "sqlfile.uploaded", file, {"title": file.title, "size": file.size})
    file.is_complete = True


def delete_sql_file(actor: Actor, file: SqlFile) -> None:
    """Delete an SQL file, whole or not. Raises ``NotAllowedError``, ``SqlFileInUseError``, ``FileSystemError``."""
    actor.require(PERMISSION)
    if is_in_use(file):
        raise SqlFileInUseError(file.title)
    _delete(actor, file)


def is_in_use(file: SqlFile) -> bool:
    """Whether a run that waits or works has to do with the file."""
    runs = BackupRun.objects.filter(state__in=BackupRun.OPEN_STATES)
    return any(run.pk == file.run_id or run.request.get("file") == f"sqlfile:{file.uid}" for run in runs)


def _delete(actor: Actor, file: SqlFile) -> None:
    with transaction.atomic():
        record(actor, "sqlfile.deleted", file, {"title": file.title, "size": file.size})
        file.delete()
        upload.remove(file.path)


def remove_old_files() -> None:
    """Remove uploads that were not finished for a week and exports after as long, finished files after a month, and
    what no row knows."""
    for file in SqlFile.objects.all():
        if removed_at(file) < timezone.now() and not is_in_use(file):
            try:
                _delete(system_actor(), file)
            except OobError:
                logger.exception("%s could not be removed", file.path)
    _remove_strays()


def removed_at(file: SqlFile) -> datetime:
    """When a file goes by itself, unless a job has to do with it."""
    is_lasting = file.is_complete and file.origin != SqlFile.Origin.EXPORT
    return file.created_at + (KEPT_FOR if is_lasting else UNFINISHED_FOR)


def _remove_strays() -> None:
    oldest = time.time() - UNFINISHED_FOR.total_seconds()
    known = {file.path.name for file in SqlFile.objects.all()}
    for path in config.sql_dir().glob("*.sql*"):
        is_ours = _OWN_NAME.fullmatch(path.name) and path.name.removesuffix(".part") not in known
        if is_ours and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
