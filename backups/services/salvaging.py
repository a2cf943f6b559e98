"""Recovering what can be read of a damaged database: an SQL file of it, and a list of what may be missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.utils import timezone

from backups.domain.catalog import Listed
from backups.domain.lock import pinned
from backups.domain.mariadb.salvage import Salvage, SalvageOrder, TableState, salvage, write_sql
from backups.domain.restore.errors import ArchiveUnfitError
from backups.models import BackupRun, SqlFile, new_file_uid
from backups.services import config
from backups.services.proof import choose_archives, is_physical_database, make_proof_order, read_safe, require_room
from backups.services.runs import Recorder, RunContext, open_run
from backups.services.uploading import removed_at
from oobsite.errors import Notice, Params
from oobsite.files import sync_dir

State = BackupRun.State
_PART_SUFFIX = ".salvage.part"
_MOST_NAMES = 50
_CODES = {
    TableState.LOST: "salvage-lost",
    TableState.PARTLY: "salvage-partly",
    TableState.MENDED: "salvage-mended",
}


def run_salvage(run: BackupRun, recorder: Recorder) -> None:
    """Carry out a claimed run: read what can be read of one archive, on a private copy, and keep it as an SQL file.

    ``run.result``: ``{"level", "file", "tables": [{"name", "rows", "state"}], "unread": ["events", …]}``.
    """
    with open_run(run, recorder) as context:
        (listed,) = choose_archives(run.request.get("archives", [])[:1])
        if not is_physical_database(listed):
            raise ArchiveUnfitError(listed.name, "no-database")
        run.stamp = listed.stamp
        run.save(update_fields=["stamp"])
        with pinned(config.backup_dir() / listed.name):
            order = _make_order(listed, context)
            found = salvage(order, context.job)
        file = _keep(found, listed, context)
        run.result = {
            "level": found.level,
            "file": file.uid,
            "tables": _to_json(found),
            "unread": list(found.unread),
        }
        run.save(update_fields=["result"])
        if listed.manifest is None:
            recorder.say("warning", Notice("salvage-live-copy", {}))
        _tell(found, file, recorder)
        run.state = State.WARNINGS if "warning" in recorder.levels else State.DONE


def _make_order(listed: Listed, context: RunContext) -> SalvageOrder:
    reading = read_safe(listed, context.job, room=config.work_dir())
    require_room(reading.content)
    proof = make_proof_order(listed, config.backup_dir() / listed.name, reading)
    return SalvageOrder(proof.archive, reading, proof.database, proof.identity, proof.variables)


def _keep(found: Salvage, listed: Listed, context: RunContext) -> SqlFile:
    """Write the SQL file into our own folder; it has its name and its row only when it is complete."""
    folder = config.sql_dir()
    _remove_parts(folder)
    title = f"{listed.series}_{listed.stamp}_recovered.sql.gz"
    file = SqlFile(uid=new_file_uid(), title=title, origin=SqlFile.Origin.SALVAGE, run=context.run)
    file.requested_by = context.run.requested_by
    part = file.path.with_suffix(_PART_SUFFIX)
    write_sql(found, listed.name, part, timezone.now())
    part.rename(file.path)
    sync_dir(folder)
    file.size, file.is_complete = file.path.stat().st_size, True
    file.save()
    return file


def _remove_parts(folder: Path) -> None:
    """Of a run that was killed; we hold the lock, so nobody else is writing one."""
    for path in folder.glob(f"*{_PART_SUFFIX}"):
        path.unlink()


def _to_json(found: Salvage) -> list[dict[str, Any]]:
    """A view has no rows of its own."""
    return [
        {"name": table.name, "rows": table.rows if table.chunk else None, "state": str(table.state)}
        for table in found.tables
    ]


def _tell(found: Salvage, file: SqlFile, recorder: Recorder) -> None:
    for state, code in _CODES.items():
        names = found.names(state)
        if names:
            recorder.say("warning", Notice(code, {"count": len(names), "names": _some(names)}))
    for kind in found.unread:
        recorder.say("warning", Notice(f"salvage-without-{kind}", {}))
    params: Params = {
        "name": file.title,
        "size": file.size,
        "tables": len(found.tables),
        "whole": len(found.names(TableState.WHOLE)),
        "rows": found.rows,
        "level": found.level,
    }
    recorder.say("info", Notice("salvage-done", params))
    end: Params = {"name": file.title, "removed_on": timezone.localdate(removed_at(file)).isoformat()}
    recorder.say("info", Notice("sql-file-ends", end))


def _some(names: Sequence[str]) -> list[str]:
    return [*names[:_MOST_NAMES], *(["…"] if len(names) > _MOST_NAMES else [])]
