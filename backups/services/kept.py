"""What restores have kept beside the live data: read from the folders, shown from rows, released in time."""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from backups.domain.catalog import delete_archive
from backups.domain.errors import BusyError, FolderMissingError
from backups.domain.lock import is_pinned, make_holder, require_lock, run_lock
from backups.domain.restore.errors import RestoreUnknownError
from backups.domain.restore.journal import Journal, Phase
from backups.domain.restore.stage import list_restores
from backups.domain.restore.undo import release
from backups.domain.sql.journal import JournalFile
from backups.models import BackupArchive, KeptData, Source, new_run_uid
from backups.services import condition, config, sqlkept
from backups.services.aging import remove_old_rows
from backups.services.uploading import remove_old_files
from oobsite.accounts.actors import system_actor
from oobsite.audit.services import record
from oobsite.errors import OobError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class KeptRestore:
    """One restore whose data lie beside those of its sources; ``until``: when they go by themselves."""

    id: str
    created_at: datetime
    until: datetime
    sources: tuple[str, ...]
    phase: str
    can_undo: bool


def list_kept() -> list[KeptRestore]:
    """What is kept, newest first, as the worker saw it last: the web process may not look into the folders."""
    return [
        KeptRestore(row.restore_id, row.created_at, row.until, tuple(row.sources), row.phase, row.can_undo)
        for row in KeptData.objects.all()
    ]


def newest_undoable() -> str:
    """Id of the newest restore whose old data can be put back. Raises ``RestoreUnknownError``."""
    sync_kept()
    for restore in list_kept():
        if restore.can_undo:
            return restore.id
    raise RestoreUnknownError(config.sources_dir(), "*")


def read_kept() -> dict[str, list[tuple[Source, Journal]]]:
    """Sources and journals of each restore, by its id, from the folders themselves."""
    found: dict[str, list[tuple[Source, Journal]]] = defaultdict(list)
    for source in restorable_sources():
        try:
            for journal in list_restores(source.folder):
                found[journal.id].append((source, journal))
        except (OobError, OSError) as error:
            logger.warning("%s: %s", source.folder, error)
    return dict(found)


def restorable_sources() -> list[Source]:
    """Sources whose folder is there."""
    sources = Source.objects.exclude(kind=Source.Kind.OWN)
    return [source for source in sources if source.folder.is_dir()]


def sync_kept() -> None:
    """Make the rows agree with the folders."""
    found = read_kept()
    for restore_id, items in found.items():
        _write_row(restore_id, items)
    on_server = sqlkept.read_sql_kept()
    for file in on_server:
        _write_sql_row(file)
    KeptData.objects.exclude(restore_id__in=[*found, *(file.journal.id for file in on_server)]).delete()


def _write_row(restore_id: str, items: list[tuple[Source, Journal]]) -> None:
    created_at = _created_at(items)
    KeptData.objects.update_or_create(
        restore_id=restore_id,
        defaults={
            "phase": _joint_phase([journal for _source, journal in items]),
            "sources": [source.name for source, _journal in items],
            "created_at": created_at,
            "until": created_at + timedelta(hours=settings.OOB_KEEP_OLD_HOURS),
        },
    )


def _write_sql_row(file: JournalFile) -> None:
    """Tables that an SQL restore has kept on the server."""
    phases = {Phase.KEPT: KeptData.Phase.KEPT, Phase.UNDONE: KeptData.Phase.UNDONE}
    created_at = sqlkept.created_at(file)
    KeptData.objects.update_or_create(
        restore_id=file.journal.id,
        defaults={
            "kind": KeptData.Kind.SQL,
            "phase": phases.get(file.journal.phase, KeptData.Phase.PLACED),
            "sources": list(Source.objects.filter(kind=Source.Kind.MARIADB).values_list("name", flat=True)[:1]),
            "created_at": created_at,
            "until": created_at + timedelta(hours=settings.OOB_KEEP_OLD_HOURS),
        },
    )


def _joint_phase(journals: list[Journal]) -> KeptData.Phase:
    """That of the folder that wants most attention."""
    if any(not journal.is_at_rest or journal.phase is Phase.PLACED for journal in journals):
        return KeptData.Phase.PLACED
    return KeptData.Phase.KEPT if any(journal.is_live for journal in journals) else KeptData.Phase.UNDONE


def _created_at(items: list[tuple[Source, Journal]]) -> datetime:
    return max(datetime.fromisoformat(journal.created_at) for _source, journal in items)


def housekeep() -> None:
    """Release what restores have kept long enough, with their safety backups, and what else is old.

    Another time while a run works.
    """
    try:
        holder = make_holder(new_run_uid(), "housekeeping", timezone.now())
        with run_lock(config.backup_dir(), holder) as lock_fd:
            release_expired(lock_fd, holder.run_id)
            remove_old_files()
        remove_old_rows(timezone.now())
    except (BusyError, FolderMissingError):
        return
    except (OobError, OSError, DatabaseError):  # must not hide how the run before it has ended
        logger.exception("What is old could not be removed")


def release_expired(lock_fd: int, uid: str) -> None:
    """As ``housekeep``, for whoever holds the lock."""
    for restore_id, items in read_kept().items():
        if _is_over(items):
            _release(restore_id, [source.folder for source, _journal in items])
    for file in sqlkept.read_sql_kept():
        if file.journal.is_at_rest and sqlkept.created_at(file) < _oldest_kept():
            _release_sql(file)
    sync_kept()
    _delete_safety_archives(lock_fd, uid)


def _is_over(items: list[tuple[Source, Journal]]) -> bool:
    """Only what is tested or undone goes by itself."""
    is_settled = all(journal.phase in (Phase.KEPT, Phase.UNDONE) for _source, journal in items)
    return is_settled and _created_at(items) < _oldest_kept()


def _oldest_kept() -> datetime:
    return timezone.now() - timedelta(hours=settings.OOB_KEEP_OLD_HOURS)


def _release(restore_id: str, folders: list[Path]) -> None:
    for folder in folders:
        try:
            release(folder, restore_id)
        except (OobError, OSError):
            logger.exception("%s: what restore %s has kept could not be removed", folder, restore_id)
            return
    record(system_actor(), "restore.released", None, {"restore": restore_id})


def _release_sql(file: JournalFile) -> None:
    try:
        sqlkept.release_sql(file)
    except (OobError, OSError):
        logger.exception("%s: what restore %s has kept could not be removed", file.journal.database, file.journal.id)
        return
    record(system_actor(), "restore.released", None, {"restore": file.journal.id})


def _delete_safety_archives(lock_fd: int, uid: str) -> None:
    """Those that are old enough and whose restore is known to have nothing left to put back."""
    present = {source.name for source in restorable_sources()}
    kept = set(KeptData.objects.values_list("restore_id", flat=True))
    candidates = BackupArchive.objects.filter(is_safety=True, is_pinned=False, taken_at__lt=_oldest_kept())
    for archive in candidates.select_related("run"):
        request = archive.run.request if archive.run else {}
        is_known = "restore" in request and present.issuperset(request.get("sources", ()))
        if not is_known or request["restore"] in kept or not archive.path.exists() or is_pinned(archive.path):
            continue
        require_lock(config.backup_dir(), lock_fd)
        delete_archive(archive.path, uid)
        record(system_actor(), "archive.released", archive)
        archive.delete()
        condition.tell_over(archive.name)
