"""Putting back what a restore has replaced, as long as it is kept."""

from __future__ import annotations

from dataclasses import replace

from backups.domain.errors import RestoreUnknownError
from backups.domain.job import Job
from backups.domain.restore.startup import StartUp, require_started
from backups.domain.restore.swap import Hands
from backups.domain.restore.undo import undo_datadir, undo_folder
from backups.models import BackupRun, Source
from backups.services import config, kept
from backups.services.runs import Recorder, open_run, record_done
from backups.services.serverhands import start_server, stop_server
from oobsite.errors import Notice

State = BackupRun.State


def run_undo(run: BackupRun, recorder: Recorder) -> None:
    """Carry out a claimed run: the database first, for it is what may refuse. Repeated, it does what is left."""
    with open_run(run, recorder) as context:
        restore_id = run.request.get("restore", "")
        try:
            for source in _live_sources(restore_id):
                put_back(source, restore_id, context.job)
                recorder.say("info", Notice("restore-undone", {"path": str(source.folder)}), source.name)
        finally:
            kept.sync_kept()
        run.state = State.WARNINGS if "warning" in recorder.levels else State.DONE
        for restore in BackupRun.objects.filter(uid=restore_id):
            record_done(run, recorder, "restore.undone", restore)


def _live_sources(restore_id: str) -> list[Source]:
    items = kept.read_kept().get(restore_id, [])
    live = [source for source, journal in items if journal.is_live]
    if not live:
        raise RestoreUnknownError(config.sources_dir(), restore_id)
    return sorted(live, key=lambda source: source.kind != Source.Kind.MARIADB)


def put_back(source: Source, restore_id: str, job: Job) -> None:
    """Put the old data of one source back. Raises as ``undo_datadir`` and ``undo_folder``."""
    if source.kind != Source.Kind.MARIADB:
        undo_folder(source.folder, restore_id, job)
        return
    startup = StartUp(source.folder, config.practice_access())
    steady = replace(job, is_cancelled=lambda: False)
    hands = Hands(stop_server, lambda _job: require_started(startup, steady), start_server)
    undo_datadir(source.folder, restore_id, hands, job)
