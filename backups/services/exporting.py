"""Export of a table or of the whole database of an archive as an SQL file in our own folder."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from backups.domain.archive import Target, remove_on_error
from backups.domain.catalog import Listed
from backups.domain.lock import pinned
from backups.domain.mariadb.export import export_sql
from backups.domain.restore.errors import ArchiveUnfitError
from backups.models import BackupRun, SqlFile, new_file_uid
from backups.services import config
from backups.services.exports import KEPT_DAYS, remove_parts
from backups.services.proof import choose_archives, is_physical_database, make_proof_order, read_safe, require_room
from backups.services.runs import Recorder, RunContext, open_run
from oobsite.errors import Notice, Params
from oobsite.files import sync_dir


def choose_export(name: str) -> Listed:
    """An archive that SQL can be made of. Raises ``ArchiveMissingError``, ``ArchiveUnfitError``."""
    (listed,) = choose_archives([name])
    if not is_physical_database(listed):
        raise ArchiveUnfitError(name, "dump-export" if listed.name.endswith(".sql.gz") else "no-database")
    return listed


def export_request(archive: str, table: str = "") -> dict[str, Any]:
    """What a run keeps of its order; without a table the whole database is meant."""
    return {"archive": archive, "table": table}


def run_export(run: BackupRun, recorder: Recorder) -> None:
    """Carry out a claimed run. ``run.result``: ``{"file": uid of the SqlFile}``."""
    with open_run(run, recorder) as context:
        listed = choose_export(run.request["archive"])
        run.stamp = listed.stamp
        run.save(update_fields=["stamp"])
        with pinned(config.backup_dir() / listed.name):
            file = _export(listed, run.request.get("table", ""), context)
        run.result = {"file": file.uid}
        run.save(update_fields=["result"])
        run.state = BackupRun.State.DONE


def _export(listed: Listed, table: str, context: RunContext) -> SqlFile:
    """The file has its name and its row only when it is complete."""
    reading = read_safe(listed, context.job)
    require_room(reading.content)
    order = make_proof_order(listed, config.backup_dir() / listed.name, reading)
    file = SqlFile(uid=new_file_uid(), title=_title(listed, table), origin=SqlFile.Origin.EXPORT, run=context.run)
    file.requested_by = context.run.requested_by
    config.sql_dir()
    remove_parts()
    target = Target(file.path, settings.OOB_COMPRESSION_THREADS)
    exported = export_sql(order, table, target, context.job)
    with remove_on_error(target.part(context.job.run_id)):
        file.size, file.is_complete = exported.size, True
        target.part(context.job.run_id).rename(file.path)
        sync_dir(file.path.parent)
        file.save()
    params: Params = {"name": file.title, "size": file.size, "tables": exported.tables, "days": KEPT_DAYS}
    context.recorder.say("info", Notice("exported", params))
    return file


def _title(listed: Listed, table: str) -> str:
    """``elexisdb_2026-11-24-0315_kontakt.sql.gz``."""
    name = "".join(character if character.isalnum() or character in "_-" else "_" for character in table)
    return f"{listed.series}_{listed.stamp}_{name or 'export'}.sql.gz"
