"""The life of a run: claimed once, under the lock, in a folder of its own, with a state at every end."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.db import DatabaseError
from django.db.models import Model, Q
from django.utils import timezone

from backups.domain.catalog import remove_leftovers
from backups.domain.errors import BusyError, CancelledError, FileSystemError, NoSpaceError
from backups.domain.job import Job, Progress
from backups.domain.lock import make_holder, require_lock, run_lock
from backups.domain.meter import Meter
from backups.domain.process import kill_orphans
from backups.domain.space import LEAST_MISSING, SPACE_ERRORS
from backups.models import BackupRun
from backups.services import config
from backups.services.actors import actor_of_run
from backups.services.life import beating
from backups.services.pinging import tell_service
from backups.services.reporting import report_run
from oobsite.audit.chain import JSON
from oobsite.audit.errors import AuditWriteError
from oobsite.audit.services import record
from oobsite.errors import Notice, OobError
from oobsite.files import remove_tree

logger = logging.getLogger(__name__)
State = BackupRun.State
Echo = Callable[[dict[str, Any]], None]
_RUN_PREFIX = "run-"
_RUN_FOLDER = re.compile(rf"{_RUN_PREFIX}[0-9a-f]{{12}}")
_CANCEL_POLL_SECONDS = 1.0
MOST_LOG_LINES = 2000


@dataclass
class Recorder:
    """Writes what a run does into its row, and tells whoever watches (``echo``, ``on_progress``)."""

    run: BackupRun
    echo: Echo | None = None
    on_progress: Callable[[Progress], None] | None = None
    is_interrupted: Callable[[], bool] | None = None
    levels: set[str] = field(default_factory=set)
    step: str = ""
    meter: Meter = field(default_factory=Meter)
    _asked_at: float = 0.0

    def say(self, level: str, notice: Notice, source: str = "") -> None:
        """Add a line to the log; ``level`` is info, warning or error."""
        self.levels.add(level)
        line = {
            "at": timezone.now().isoformat(timespec="seconds"),
            "level": level,
            "source": source,
            "code": notice.code,
            "params": dict(notice.params),
        }
        if level == "error" or len(self.run.log) < MOST_LOG_LINES:
            self.run.log.append(line)
        self._save("log")
        _tell(self.echo, line)

    def progress(self, progress: Progress) -> None:
        speed = self.meter.add(progress, time.monotonic())
        at = timezone.now().isoformat(timespec="seconds")
        self.run.progress = asdict(progress) | asdict(speed) | {"step": self.step, "at": at}
        self._save("progress")
        _tell(self.on_progress, progress)

    def is_cancelled(self) -> bool:
        """Whether somebody asked for the end, by a signal or in the row, which is read once a second at most."""
        if self.is_interrupted is not None and self.is_interrupted():
            return True
        if time.monotonic() - self._asked_at < _CANCEL_POLL_SECONDS:
            return False
        self._asked_at = time.monotonic()
        asked = BackupRun.objects.filter(pk=self.run.pk).filter(Q(is_cancel_requested=True) | Q(is_stop_requested=True))
        return asked.exists()

    def _save(self, *names: str) -> None:
        self.run.heartbeat_at = timezone.now()
        self.run.save(update_fields=[*names, "heartbeat_at"])


def _tell(listener: Callable[[Any], None] | None, what: object) -> None:
    """Tell whoever watches; a watcher that has gone (``runbackup | head``) does not end the run."""
    if listener is not None:
        with suppress(BrokenPipeError):
            listener(what)


@dataclass(frozen=True)
class RunContext:
    """What the steps of a run share."""

    run: BackupRun
    recorder: Recorder
    job: Job

    def begin(self, step: str) -> None:
        """Say that another step of the run begins; its stages follow."""
        self.recorder.step = step
        self.recorder.progress(Progress(""))

    def require_lock(self) -> None:
        assert self.job.lock_fd is not None  # noqa: S101 - a run always has the lock
        require_lock(config.backup_dir(), self.job.lock_fd)


def claim(run: BackupRun) -> bool:
    """Take a waiting run; False when somebody else has it already."""
    now = timezone.now()
    changed = BackupRun.objects.filter(pk=run.pk, state=State.QUEUED).update(
        state=State.RUNNING, started_at=now, heartbeat_at=now
    )
    run.refresh_from_db()
    return changed == 1


@contextmanager
def open_run(run: BackupRun, recorder: Recorder) -> Iterator[RunContext]:
    """Hold the lock and a private folder around a claimed run; what dead runs left is removed first.

    The block sets ``run.state``; when it raises, the state says why, and the error goes on.
    """
    try:
        holder = make_holder(run.uid, run.action, timezone.now())
        lock = run_lock(config.backup_dir(), holder, outranks=_outranked(run))
        with _explained(), beating(run), lock as lock_fd, _private_folder(run.uid) as folder:
            context = RunContext(run, recorder, Job(run.uid, folder, lock_fd, recorder.progress, recorder.is_cancelled))
            _clean_up_after_dead_runs(context)
            yield context
    except BaseException as error:
        run.state = _state_for(error)
        if isinstance(error, OobError):
            recorder.say("error", error.notice)
        elif isinstance(error, KeyboardInterrupt):
            recorder.say("error", CancelledError().notice)
        else:
            recorder.say("error", Notice("unexpected", {"text": repr(error)}))
        raise
    finally:
        run.ended_at = timezone.now()
        run.progress = {}
        run.save(update_fields=["state", "ended_at", "progress"])


@contextmanager
def _explained() -> Iterator[None]:
    """What the system says becomes an error that every door can tell."""
    try:
        yield
    except OSError as error:
        if error.errno in SPACE_ERRORS:
            raise NoSpaceError(_folder_of(error.filename), LEAST_MISSING) from error
        raise FileSystemError(str(error.filename or type(error).__name__), error.strerror or str(error)) from error


def _folder_of(name: object) -> Path:
    if not isinstance(name, str | Path):
        return config.work_dir()
    return Path(name) if Path(name).is_dir() else Path(name).parent


def _outranked(run: BackupRun) -> str:
    """The check of older archives gives way to every other job."""
    return "" if run.action == BackupRun.Action.VERIFY else BackupRun.Action.VERIFY


def _state_for(error: BaseException) -> State:
    if isinstance(error, BusyError):
        return State.BUSY
    if isinstance(error, CancelledError | KeyboardInterrupt | SystemExit):
        return State.INTERRUPTED
    return State.FAILED


@contextmanager
def _private_folder(uid: str) -> Iterator[Path]:
    """A folder for this run below the work folder; others may pass through it, not look into it."""
    folder = config.work_dir() / f"{_RUN_PREFIX}{uid}"
    try:
        if not config.work_dir().exists():
            config.work_dir().mkdir(parents=True)
            config.work_dir().chmod(0o711)
        folder.mkdir()
        folder.chmod(0o711)
    except OSError as error:
        raise FileSystemError(str(folder), error.strerror or str(error)) from error
    try:
        yield folder
    finally:
        _remove_folder(folder)  # when that fails nothing is undone of what was done: the next run tries again


def remove_dead_folders(but: Path | None = None) -> list[str]:
    """We hold the lock, so whatever else looks like running is dead: its children and its folder go.

    Returns the names of those that are gone; one that cannot be removed stops nothing.
    """
    if not config.work_dir().is_dir():
        return []
    folders = [path for path in config.work_dir().iterdir() if _RUN_FOLDER.fullmatch(path.name) and path.is_dir()]
    return [folder.name for folder in folders if folder != but and _remove_folder(folder)]


def _remove_folder(folder: Path) -> bool:
    """And what a child has started there, or a signal has kept from being waited for; whether it is gone."""
    kill_orphans(folder.name.removeprefix(_RUN_PREFIX))
    try:
        remove_tree(folder)
    except OSError:
        logger.exception("%s could not be removed", folder)
        return False
    return True


def _clean_up_after_dead_runs(context: RunContext) -> None:
    dead_folders = remove_dead_folders(but=context.job.work_dir)
    removed = remove_leftovers(config.backup_dir(), except_run=context.run.uid)
    dead_runs = list(BackupRun.objects.filter(state=State.RUNNING).exclude(pk=context.run.pk))
    for run in dead_runs:
        mark_dead(run, context.recorder)
    if dead_folders or removed or dead_runs:
        names = dead_folders + removed
        context.recorder.say("info", Notice("leftovers-removed", {"names": names, "count": len(names)}))


def mark_dead(run: BackupRun, recorder: Recorder) -> None:
    """Write down that a run was interrupted whose process is gone."""
    run.state, run.ended_at = State.INTERRUPTED, timezone.now()
    run.save(update_fields=["state", "ended_at"])
    record_end(run, recorder)


def record_end(run: BackupRun, recorder: Recorder) -> None:
    """Put on record how a run has ended, and tell people."""
    record_done(run, recorder, f"{run.action}.ended", run, {"state": run.state})
    report_run(run)
    tell_service(run)


def record_done(
    run: BackupRun, recorder: Recorder, action: str, obj: Model, changes: Mapping[str, JSON] | None = None
) -> None:
    """Put on record what ``run`` has done and nobody can undo; a record that fails is a warning in the log."""
    try:
        record(actor_of_run(run), action, obj, changes)
    except AuditWriteError as error:
        warn_not_recorded(recorder, error)


def warn_not_recorded(recorder: Recorder, error: AuditWriteError) -> None:
    """Must not hide what the run itself raises, so a log that fails too is left to the server's own."""
    logger.error("%s", error)
    with suppress(DatabaseError):
        recorder.say("warning", Notice("audit-not-written", {"reason": error.reason}))
