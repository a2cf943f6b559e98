"""What restores have kept beside the live data: read from the folders, shown from rows, released in time."""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import DatabaseError
from django.utils import timezone

from backups.domain.catalog import delete_archive
from backups.domain.errors import BusyError, FileSystemError, FolderMissingError
from backups.domain.lock import is_pinned, make_holder, require_lock, run_lock
from backups.domain.restore.errors import RestoreUnknownError
from backups.domain.restore.journal import JOURNAL_NAME, STAGE_PREFIX, Journal, Phase, stage_folder
from backups.domain.restore.stage import find_restores
from backups.domain.restore.undo import release
from backups.domain.sql.errors import SqlKeptAwayError
from backups.domain.sql.journal import JournalFile
from backups.models import BackupArchive, KeptData, Source, new_run_uid
from backups.services import ages, condition, config, sqlkept
from backups.services.aging import remove_old_rows
from backups.services.uploading import remove_old_files
from oobsite.accounts.actors import system_actor
from oobsite.audit.services import record
from oobsite.errors import OobError

logger = logging.getLogger(__name__)
_AT_REST = (KeptData.Phase.KEPT, KeptData.Phase.UNDONE)


@dataclass(frozen=True)
class KeptRestore:
    """One restore whose data lie beside those of its sources; ``until``: when they go by themselves."""

    id: str
    created_at: datetime
    until: datetime
    sources: tuple[str, ...]
    phase: str
    can_undo: bool


def journal_paths(row: KeptData) -> list[Path]:
    """Where the journals of what ``row`` stands for lie."""
    if row.kind == KeptData.Kind.SQL:
        return [sqlkept.journals_dir() / row.restore_id / JOURNAL_NAME]
    sources = Source.objects.filter(name__in=row.sources)
    return [stage_folder(source.folder, row.restore_id) / JOURNAL_NAME for source in sources]


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


@dataclass
class Findings:
    """What lies in the folders: sources and journals by the id of their restore. ``damaged``: sources whose journal
    of that restore cannot be read. ``is_whole``: whether each folder could be looked into."""

    kept: dict[str, list[tuple[Source, Journal]]] = field(default_factory=lambda: defaultdict(list))
    damaged: dict[str, list[Source]] = field(default_factory=lambda: defaultdict(list))
    is_whole: bool = True


def look_into_folders() -> Findings:
    found = Findings()
    for source in restorable_sources():
        try:
            journals, damaged = find_restores(source.folder)
        except OSError as error:
            logger.warning("%s: %s", source.folder, error)
            found.is_whole = False
            continue
        for journal in journals:
            found.kept[journal.id].append((source, journal))
        for path in damaged:
            found.damaged[path.parent.name.removeprefix(STAGE_PREFIX)].append(source)
    return found


def read_kept() -> dict[str, list[tuple[Source, Journal]]]:
    """Sources and journals of each restore, by its id, from the folders themselves; without those of which a journal
    is damaged: nobody can say what is in place there."""
    found = look_into_folders()
    return {restore_id: items for restore_id, items in found.kept.items() if restore_id not in found.damaged}


def restorable_sources() -> list[Source]:
    """Sources whose folder is there."""
    sources = Source.objects.exclude(kind=Source.Kind.OWN)
    return [source for source in sources if source.folder.is_dir()]


def sync_kept() -> dict[str, float]:
    """Make the rows agree with the folders; a row goes only when all of them could be read.

    Returns the ages of restores and of safety backups in seconds; see ``ages``.
    """
    found = look_into_folders()
    for restore_id, items in found.kept.items():
        _write_row(restore_id, items)
    for restore_id, sources in found.damaged.items():
        _write_damaged_row(restore_id, KeptData.Kind.FOLDERS, [source.name for source in sources])
    on_server = _sync_sql()
    if not found.is_whole or on_server is None:
        return _sync_ages(found, is_whole=False)
    KeptData.objects.exclude(restore_id__in=[*found.kept, *found.damaged, *on_server]).delete()
    return _sync_ages(found, is_whole=True)


def _sync_ages(found: Findings, *, is_whole: bool) -> dict[str, float]:
    """The time begins when the restore is at its end, and once more when it was undone."""
    at_rest = {_name_of(row, found): row for row in KeptData.objects.filter(phase__in=_AT_REST)}
    safety = BackupArchive.objects.filter(is_safety=True).values_list("name", flat=True)
    passed = ages.let_time_pass([*at_rest, *safety], forgets=is_whole)
    for name, row in at_rest.items():
        row.until = ages.kept_until(passed.get(name, 0.0))
        row.save(update_fields=["until"])
    return passed | {row.restore_id: passed.get(name, 0.0) for name, row in at_rest.items()}


def _name_of(row: KeptData, found: Findings) -> str:
    """Another one when it was undone, or more of it: other data are kept then."""
    undone = sum(journal.phase is Phase.UNDONE for _source, journal in found.kept.get(row.restore_id, ()))
    return f"{row.restore_id} {row.phase} {undone}"


def _sync_sql() -> list[str] | None:
    """The same for what lies on the server; returns the ids, None when the journals cannot be listed."""
    try:
        journals = sqlkept.read_sql_journals()
    except FileSystemError as error:
        logger.warning("%s", error)
        return None
    for file in journals.files:
        _write_sql_row(file)
    damaged = [sqlkept.damaged_id(path) for path in journals.damaged]
    for restore_id in damaged:
        _write_damaged_row(restore_id, KeptData.Kind.SQL, _database_names())
    return [*(file.journal.id for file in journals.files), *damaged]


def _database_names() -> list[str]:
    return list(Source.objects.filter(kind=Source.Kind.MARIADB).values_list("name", flat=True)[:1])


def _write_damaged_row(restore_id: str, kind: KeptData.Kind, sources: list[str]) -> None:
    """What was written down while the journal could be read stays; else it was found today."""
    now = timezone.now()
    changes = {"kind": kind, "phase": KeptData.Phase.DAMAGED, "sources": sources}
    KeptData.objects.update_or_create(
        restore_id=restore_id, defaults=changes, create_defaults={**changes, "created_at": now, "until": now}
    )


def _write_row(restore_id: str, items: list[tuple[Source, Journal]]) -> None:
    values = {
        "phase": _joint_phase([journal for _source, journal in items]),
        "sources": [source.name for source, _journal in items],
        "created_at": max(datetime.fromisoformat(journal.created_at) for _source, journal in items),
    }
    _save_row(restore_id, values)


def _write_sql_row(file: JournalFile) -> None:
    """Tables that an SQL restore has kept on the server."""
    phases = {Phase.KEPT: KeptData.Phase.KEPT, Phase.UNDONE: KeptData.Phase.UNDONE}
    values = {
        "kind": KeptData.Kind.SQL,
        "phase": phases.get(file.journal.phase, KeptData.Phase.PLACED),
        "sources": _database_names(),
        "created_at": sqlkept.created_at(file),
    }
    _save_row(file.journal.id, values)


def _save_row(restore_id: str, values: dict[str, Any]) -> None:
    new = {**values, "until": ages.kept_until(0.0)}
    KeptData.objects.update_or_create(restore_id=restore_id, defaults=values, create_defaults=new)


def _joint_phase(journals: list[Journal]) -> KeptData.Phase:
    """That of the folder that wants most attention."""
    if any(not journal.is_at_rest or journal.phase is Phase.PLACED for journal in journals):
        return KeptData.Phase.PLACED
    return KeptData.Phase.KEPT if any(journal.is_live for journal in journals) else KeptData.Phase.UNDONE


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
    over = {name for name, age in sync_kept().items() if ages.is_over(age)}
    for restore_id, items in read_kept().items():
        if restore_id in over and _is_settled(items):
            _release(restore_id, [source.folder for source, _journal in items])
    for file in sqlkept.read_sql_kept():
        if file.journal.id in over and file.journal.is_at_rest:
            _release_sql(file)
    sync_kept()
    _delete_safety_archives(lock_fd, uid, over)


def _is_settled(items: list[tuple[Source, Journal]]) -> bool:
    """Only what is tested or undone goes by itself."""
    return all(journal.phase in (Phase.KEPT, Phase.UNDONE) for _source, journal in items)


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
    except SqlKeptAwayError:  # it goes when that one has gone
        return
    except (OobError, OSError):
        logger.exception("%s: what restore %s has kept could not be removed", file.journal.database, file.journal.id)
        return
    record(system_actor(), "restore.released", None, {"restore": file.journal.id})


def _delete_safety_archives(lock_fd: int, uid: str, over: set[str]) -> None:
    """Those that are old enough and whose restore is known to have nothing left to put back."""
    present = {source.name for source in restorable_sources()}
    kept = set(KeptData.objects.values_list("restore_id", flat=True))
    candidates = BackupArchive.objects.filter(is_safety=True, is_pinned=False, name__in=over)
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
