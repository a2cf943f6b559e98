"""What follows a restore: the old data are put back, or removed, and what a recovery has left untested is tested."""

from __future__ import annotations

from pathlib import Path

from backups.domain.job import Job
from backups.domain.restore.errors import (
    KeptIncompleteError,
    RestoreSupersededError,
    RestoreUnfinishedError,
    RestoreUnknownError,
)
from backups.domain.restore.exchange import list_entries
from backups.domain.restore.folders import exchange_folder
from backups.domain.restore.journal import Direction, Phase
from backups.domain.restore.stage import Stage, held_stage, list_restores
from backups.domain.restore.swap import Hands, bring_up, roll_back_placed, server_down

_MOST_NAMES = 20


def undo_datadir(target: Path, restore_id: str, hands: Hands, job: Job) -> None:
    """Put the old data back; the restored ones are kept until they are released.

    Raises ``RestoreUnknownError``, ``RestoreSupersededError``, ``KeptIncompleteError``, ``RestoreBusyError``,
    ``ServerNotStoppedError`` and what ``hands`` raise before the exchange: the restored data stay live. Behind it
    only ``hands.test`` raises.
    """
    with held_stage(target, restore_id) as stage:
        _require_undoable(stage)
        _require_kept(stage)
        with server_down(stage, Direction.BACK, Phase.UNDONE, hands, job) as locks:
            bring_up(stage, locks, hands, job)


def undo_folder(target: Path, restore_id: str, job: Job) -> None:
    """Put the old data of a plain folder back; the restored ones are kept until they are released.

    Raises ``RestoreUnknownError``, ``RestoreSupersededError``, ``KeptIncompleteError``, ``RestoreBusyError``,
    ``OSError``.
    """
    with held_stage(target, restore_id) as stage:
        _require_undoable(stage)
        _require_kept(stage)
        exchange_folder(stage, Direction.BACK, Phase.UNDONE, job)


def complete_datadir(target: Path, restore_id: str, hands: Hands, job: Job) -> None:
    """Test restored data that a recovery has left untested; they are kept, or the old ones are put back.

    Raises as ``swap_datadir``, and ``RestoreUnknownError`` unless data are placed and not tested.
    """
    with held_stage(target, restore_id) as stage:
        if stage.journal.phase is not Phase.PLACED:
            raise RestoreUnknownError(target, restore_id)
        try:
            hands.start()
            hands.test(job)
        except BaseException as error:
            roll_back_placed(stage, hands, job, error)
            raise
        stage.write(phase=Phase.KEPT)


def retest_datadir(target: Path, restore_id: str, hands: Hands, job: Job) -> None:
    """Test restored data that are placed; good ones are kept, and whatever comes out, they stay in place.

    Raises ``RestoreUnknownError`` unless data are placed and not tested, ``RestoreBusyError`` and as ``hands``.
    """
    with held_stage(target, restore_id) as stage:
        if stage.journal.phase is not Phase.PLACED:
            raise RestoreUnknownError(target, restore_id)
        hands.start()
        hands.test(job)
        stage.write(phase=Phase.KEPT)


def release(target: Path, restore_id: str) -> None:
    """Remove what a restore has kept: the old data, or after an undo the restored ones.

    Raises ``RestoreUnknownError``, ``RestoreBusyError``, ``RestoreUnfinishedError``.
    """
    with held_stage(target, restore_id) as stage:
        if not stage.journal.is_at_rest:
            raise RestoreUnfinishedError(target, restore_id, str(stage.journal.phase))
        stage.remove()


def _require_undoable(stage: Stage) -> None:
    """Raise unless the restored data are live and no later restore has replaced them."""
    if not stage.journal.is_live:
        raise RestoreUnknownError(stage.target, stage.journal.id)
    later = [found for found in list_restores(stage.target) if found.number > stage.journal.number]
    newer = [found.id for found in later if found.phase is not Phase.UNDONE]
    if newer:
        raise RestoreSupersededError(stage.target, stage.journal.id, newer[0])


def _require_kept(stage: Stage) -> None:
    """Raise ``KeptIncompleteError`` unless all that was put away is still there."""
    is_forward = stage.journal.direction is Direction.FORWARD
    expected = stage.journal.outgoing if is_forward else stage.journal.incoming
    missing = sorted({*expected} - {*list_entries(stage.old_dir)}) if stage.old_dir.is_dir() else ["old"]
    if missing:
        raise KeptIncompleteError(stage.old_dir, missing[:_MOST_NAMES])
