"""What a restore or its undoing has left in place, source by source: written into the result of its run."""

from __future__ import annotations

import logging

from backups.domain.restore.inplace import InPlace, read_in_place
from backups.models import BackupArchive, BackupRun, Source
from backups.services import sqlkept
from backups.signals import data_exchanged
from oobsite.errors import OobError

logger = logging.getLogger(__name__)


def note_in_place(run: BackupRun) -> None:
    """Write into ``run`` which data live where it has exchanged some; what cannot be read is left out.

    ``run.result["in_place"]``: ``old``, ``new``, ``untested`` or ``unfinished`` by name of the source.
    """
    if run.action not in BackupRun.EXCHANGES:
        return
    if sqlkept.is_of_sql(run):
        sqlkept.note_sql_in_place(run)
    else:
        _note_folders(run)


def _note_folders(run: BackupRun) -> None:
    restore_id = run.request.get("restore") or run.uid
    found = {source.name: _look(source, restore_id) for source in sources_of(run)}
    in_place = {name: str(state) for name, state in found.items() if state is not None}
    run.result = {**run.result, "in_place": in_place, **_ask_others(run)}
    run.save(update_fields=["result"])


def _ask_others(run: BackupRun) -> dict[str, object]:
    """What other apps found out about the exchanged data; one that fails has its error logged, and no say."""
    answers = data_exchanged.send_robust(sender=BackupRun, sources=sources_of(run))
    return {name: value for _who, found in answers if isinstance(found, dict) for name, value in found.items()}


def _look(source: Source, restore_id: str) -> InPlace | None:
    try:
        return read_in_place(source.folder, restore_id)
    except (OobError, OSError) as error:
        logger.warning("%s: %s", source.folder, error)
        return None


def sources_of(run: BackupRun) -> list[Source]:
    """The sources that a restore, or the restore that is undone, was asked for."""
    if run.action == BackupRun.Action.RESTORE:
        return _sources_of_archives(run)
    restore = BackupRun.objects.filter(uid=run.request.get("restore", "")).first()
    return _sources_of_archives(restore) if restore is not None else []


def _sources_of_archives(run: BackupRun) -> list[Source]:
    archives = BackupArchive.objects.filter(name__in=run.request.get("archives", []))
    return list(Source.objects.filter(name__in=archives.values_list("series", flat=True)))
