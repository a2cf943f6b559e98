"""A backup: every source of the run in turn, each to its own archive; one that fails does not stop the others."""

from __future__ import annotations

import logging

from django.conf import settings
from django.utils import timezone

from backups.domain.catalog import choose_stamp
from backups.domain.errors import (
    CancelledError,
    FileSystemError,
    LockLostError,
    NoSpaceError,
    NothingToSaveError,
    SourceMissingError,
    SourceOverlapError,
    SourceUnknownError,
)
from backups.domain.reading import BLOCK_BYTES
from backups.domain.restore.journal import STAGE_PREFIX
from backups.domain.restore.stage import require_rest
from backups.domain.space import SPACE_ERRORS
from backups.models import BackupRun, Source
from backups.services import catalogue, config, sqlkept
from backups.services.request import Request
from backups.services.runs import Recorder, RunContext, open_run
from backups.services.savers import SAVERS, Saver, save_dump
from oobsite.errors import Notice, OobError

State = BackupRun.State
logger = logging.getLogger(__name__)


def run_backup(run: BackupRun, recorder: Recorder) -> None:
    """Carry out a claimed run; its state tells how it ended. Raises what kept it from starting or ended it."""
    request = Request.of(run)
    with open_run(run, recorder) as context:
        for notice in catalogue.sync_catalogue().notices:
            recorder.say("warning", notice)
        sources = choose_sources(request)
        run.stamp = choose_stamp(config.backup_dir(), timezone.now(), settings.TIME_ZONE)
        run.save(update_fields=["stamp"])
        if not sources:
            raise NothingToSaveError
        run.state = save_sources(sources, request, context)


def save_sources(sources: list[Source], request: Request, context: RunContext) -> State:
    """Save each source in turn; return the state that this gives the run."""
    results = [_save_source(source, request, context) for source in sources]
    tried = [is_saved for is_saved in results if is_saved is not None]
    return judge(len(tried), tried.count(False), context.recorder.levels)


def judge(total: int, failed: int, levels: set[str]) -> State:
    """The state of a run of which ``failed`` of ``total`` sources failed; those with nothing to save count for
    neither."""
    if failed:
        return State.FAILED if failed == total else State.PARTIAL
    return State.WARNINGS if "warning" in levels else State.DONE


def choose_sources(request: Request) -> list[Source]:
    """The sources of a run. Raises ``SourceUnknownError``, ``SourceOverlapError``."""
    active = list(Source.objects.filter(is_active=True))
    names = [source.name for source in active]
    for name in request.sources:
        if name not in names:
            raise SourceUnknownError(name, names)
    for first, second in config.find_overlapping(config.source_folders()):
        raise SourceOverlapError(first, second)
    return [source for source in active if not request.sources or source.name in request.sources]


def _save_source(source: Source, request: Request, context: RunContext) -> bool | None:
    """Save one source; False when it failed, None when there was nothing to save."""
    recorder = context.recorder
    if _is_interrupted(source, recorder):
        return False
    if is_missing(source):
        if source.is_required or source.name in request.sources:
            recorder.say("error", SourceMissingError(source.name, source.folder).notice, source.name)
            return False
        recorder.say("info", Notice("source-optional-missing", {"path": str(source.folder)}), source.name)
        return None
    if source.kind == Source.Kind.MARIADB:
        return _save_database(source, request, context)
    return _save_safely(SAVERS[source.kind], source, request, context)


def _save_database(source: Source, request: Request, context: RunContext) -> bool:
    """The physical backup, and the dump when it was asked for, or allowed in its place."""
    is_saved = _save_safely(SAVERS[source.kind], source, request, context)
    if not request.with_dump and (is_saved or not request.is_dump_enough):
        return is_saved
    # The dump is made also when the physical backup has failed.
    is_dumped = _save_safely(save_dump, source, request, context)
    if is_dumped and not is_saved and request.is_dump_enough:
        context.recorder.say("warning", Notice("dump-instead", {}), source.name)
        return True
    return is_saved and is_dumped


def _is_interrupted(source: Source, recorder: Recorder) -> bool:
    """Whether a restore broke in the middle: the folder may hold old data and new ones, mixed."""
    if source.kind == Source.Kind.MARIADB:
        for error in sqlkept.settle_all()[1]:
            recorder.say("error", error.notice, source.name)
            return True
    try:
        if source.folder.is_dir():
            require_rest(source.folder)
    except OobError as error:
        recorder.say("error", error.notice, source.name)
        return True
    except OSError:  # what it means is said when its data are read
        return False
    return False


def is_missing(source: Source) -> bool:
    """Not there, or empty: Docker makes an empty folder of a mount that is missing, a new disk has a lost+found.

    What a restore has kept is no data of the source.
    """
    try:
        return not source.folder.is_dir() or all(
            path.name == "lost+found" or path.name.startswith(STAGE_PREFIX) for path in source.folder.iterdir()
        )
    except OSError:
        return False


def _save_safely(saver: Saver, source: Source, request: Request, context: RunContext) -> bool:
    """Run one saver; an error of one source is written down, and the next source has its turn."""
    try:
        saver(source, request, context)
    except (CancelledError, LockLostError):
        raise
    except OobError as error:
        context.recorder.say("error", error.notice, source.name)
        return False
    except OSError as error:
        context.recorder.say("error", _explain(error, source).notice, source.name)
        return False
    except Exception as error:  # the edge of one source: a mistake of ours must not cost the others their backup
        logger.exception("Backup of %s", source.name)
        context.recorder.say("error", Notice("unexpected", {"text": repr(error)}), source.name)
        return False
    return True


def _explain(error: OSError, source: Source) -> OobError:
    """Index and manifest are small: when there is no room for them, it is the disk of the archives that is full."""
    if error.errno in SPACE_ERRORS:
        return NoSpaceError(config.backup_dir(), BLOCK_BYTES)
    return FileSystemError(str(error.filename or source.folder), error.strerror or str(error))
