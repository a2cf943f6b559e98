"""Whether what a command names is there at all: a typo is said to whoever made it, and becomes no failed run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from backups.models import BackupRun
from backups.services.backup import choose_sources
from backups.services.proof import choose_archives
from backups.services.releasing import require_kept
from backups.services.request import Request
from backups.services.restorerequest import UndoRequest
from backups.services.undoing import require_undoable
from oobsite.errors import EXIT_USAGE, OobError

Action = BackupRun.Action

_CHECKS: dict[Action, Callable[[BackupRun], object]] = {
    Action.BACKUP: lambda run: choose_sources(Request.of(run)),
    Action.PROOF: lambda run: choose_archives(run.request["archives"]),
    Action.SALVAGE: lambda run: choose_archives(run.request["archives"]),
    Action.UNDO: lambda run: require_undoable(UndoRequest.of(run).restore),
    Action.RELEASE: lambda run: require_kept(run.request["restore"]),
    Action.RETEST: lambda run: require_kept(run.request["restore"]),
}


def require_known(action: Action, request: dict[str, Any]) -> None:
    """Raise what the run would raise of a source, archive or restore that is not there.

    What else is wrong the run finds itself, for that has to be on record and told.
    """
    with suppress(OSError):
        try:
            _CHECKS[action](BackupRun(action=action, request=request))
        except OobError as error:
            if error.exit_code == EXIT_USAGE:
                raise
