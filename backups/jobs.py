"""What the worker runs. A task carries nothing but the key of our own row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils import timezone

from backups import services
from backups.domain.errors import FileSystemError
from backups.models import BackupRun
from backups.services import preview, ticking
from backups.services.ages import let_time_pass
from backups.services.preview import make_preview
from backups.services.recovering import recover_all
from backups.services.runs import Recorder
from backups.services.undoing import make_undo_preview
from certs.services.watching import take_day
from oobsite.accounts.actors import system_actor
from oobsite.alerts.delivering import deliver_due
from oobsite.errors import OobError
from oobsite.watchdog import report_silence


def carry_out_run(pk: int) -> str:
    """Do a waiting run; a task that comes twice finds it claimed and does nothing."""
    run = BackupRun.objects.get(pk=pk)
    try:
        services.carry_out(run, Recorder(run))
    except OobError as error:
        return error.code  # the run's own log tells it; the queue needs no second copy
    return run.state


def preview_restore(names: list[str], until: datetime) -> Any:
    """A ``Preview`` for a page; see ``asking.ask``."""
    return _answer(lambda: make_preview(names), until)


def compare_counts(counts: dict[str, Any], until: datetime) -> Any:
    """A ``Comparison`` for a page."""
    return _answer(lambda: preview.compare_counts(counts), until)


def preview_undo(restore_id: str, until: datetime) -> Any:
    """An ``UndoPreview`` for a page."""
    return _answer(lambda: make_undo_preview(restore_id), until)


def _answer(look: Callable[[], Any], until: datetime) -> Any:
    """The answer, or the error that it met; None when nobody waits any more."""
    if timezone.now() > until:
        return None
    try:
        return look()
    except OobError as error:
        return error
    except OSError as error:
        return FileSystemError(str(error.filename or ""), error.strerror or str(error))


def tick() -> str:
    """Look what is due, then tell people what they do not know yet; comes once a minute."""
    let_time_pass()
    done = ticking.tick(timezone.now())
    report_silence(timezone.now())
    take_day(timezone.now())
    deliver_due()
    return f"{len(done.queued)} queued, {done.missed} missed, {len(done.reaped)} interrupted"


def recover() -> str:
    """Settle what a restore has left whose process was killed while the worker lives on."""
    try:
        recovery = recover_all(system_actor())
    except OobError as error:  # the next start of the worker does it
        return error.code
    return ", ".join(notice.code for notice in recovery.notices)
