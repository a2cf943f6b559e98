"""The end of what a restore has kept, before its time: tested once more, and removed."""

from __future__ import annotations

from pathlib import Path

from backups.domain.job import Job
from backups.domain.restore.errors import RestoredUntestedError, RestoreUnfinishedError, RestoreUnknownError
from backups.domain.restore.journal import Journal, Phase
from backups.domain.restore.startup import StartUp, require_started
from backups.domain.restore.swap import Hands
from backups.domain.restore.undo import release, retest_datadir
from backups.domain.sql.journal import JournalFile
from backups.models import BackupRun, Source
from backups.services import config, kept, sqlkept
from backups.services.inplace import note_in_place
from backups.services.restorerequest import ReleaseRequest
from backups.services.runs import Recorder, RunContext, open_run, record_done
from backups.services.serverhands import start_server, stop_server
from backups.services.steps import Step
from oobsite.errors import Notice

State = BackupRun.State
Items = list[tuple[Source, Journal]]


def run_release(run: BackupRun, recorder: Recorder) -> None:
    """Carry out a claimed run: what the restore has kept is removed, whatever it is."""
    with open_run(run, recorder) as context:
        request = ReleaseRequest.of(run)
        try:
            file = sqlkept.find_sql(request.restore)
            if file is not None:
                _release_sql(file, recorder)
            else:
                _release_folders(_require_releasable(request), context)
        finally:
            kept.sync_kept()
        run.state = State.WARNINGS if "warning" in recorder.levels else State.DONE
        for restore in BackupRun.objects.filter(uid=request.restore):
            record_done(run, recorder, "restore.released", restore)


def _release_folders(items: Items, context: RunContext) -> None:
    for source, journal in items:
        context.job.check_cancelled()
        context.require_lock()
        release(source.folder, journal.id)
        context.recorder.say("info", Notice("restore-released", {"path": str(source.folder)}), source.name)


def _release_sql(file: JournalFile, recorder: Recorder) -> None:
    if not file.journal.is_at_rest:
        raise RestoreUnfinishedError(Path(file.journal.database), file.journal.id, str(file.journal.phase))
    sqlkept.release_sql(file)
    recorder.say("info", Notice("sql-released", {"database": file.journal.database}))


def _require_releasable(request: ReleaseRequest) -> Items:
    items = _items_of(request.restore)
    for source, journal in items:
        if journal.phase is Phase.PLACED and not request.is_looked_at:
            raise RestoredUntestedError(source.folder, journal.id)
    return items


def require_kept(restore_id: str) -> None:
    """Raise ``RestoreUnknownError`` when nothing is kept of a restore."""
    if sqlkept.find_sql(restore_id) is None and restore_id not in kept.look_into_folders().kept:
        raise RestoreUnknownError(config.sources_dir(), restore_id)


def _items_of(restore_id: str) -> Items:
    items = kept.read_kept().get(restore_id, [])
    if not items:
        raise RestoreUnknownError(config.sources_dir(), restore_id)
    return items


def run_retest(run: BackupRun, recorder: Recorder) -> None:
    """Carry out a claimed run: test restored data that nobody could test yet. They stay in place, good or not, for the
    practice may have worked with them since; the old ones stay kept."""
    with open_run(run, recorder) as context:
        restore_id = ReleaseRequest.of(run).restore
        untested = [source for source, journal in _items_of(restore_id) if journal.phase is Phase.PLACED]
        if not untested:
            raise RestoreUnknownError(config.sources_dir(), restore_id)
        context.begin(Step.TEST)
        try:
            for source in untested:
                _retest(source, restore_id, context.job)
                recorder.say("info", Notice("restore-tested", {"path": str(source.folder)}), source.name)
        finally:
            kept.sync_kept()
            for restore in BackupRun.objects.filter(uid=restore_id):
                note_in_place(restore)
        run.state = State.DONE


def _retest(source: Source, restore_id: str, job: Job) -> None:
    """What the practice has entered since may differ from the manifest, so nothing is counted."""
    startup = StartUp(source.folder, config.practice_access())
    hands = Hands(stop_server, lambda watched: require_started(startup, watched), start_server)
    retest_datadir(source.folder, restore_id, hands, job)
