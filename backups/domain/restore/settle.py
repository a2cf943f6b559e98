"""What becomes of an exchange that broke: the old data or the new, never a mix.

One rule for all: before the commit point the old data are live again, behind it what was committed stays. It is
the same for an error, for a process that was killed, and for a recovery that was killed itself. Only the standard
library is used here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from backups.domain.restore.exchange import Exchange, return_strays
from backups.domain.restore.gates import gate_locks, let_go, wait_for_locks
from backups.domain.restore.journal import Direction, Kind, Phase
from backups.domain.restore.stage import Stage, new_stage
from oobsite.errors import OobError

# A server that opened its files before the gates stood waits 30 seconds for a lock of ours, and then ends at a gate.
_LOCK_SECONDS = 60


class Outcome(StrEnum):
    """What lives after a settlement. REMOVED: the data that were there before, and nothing is left of the restore.
    PLACED: the restored data, not yet tested. KEPT: the restored data, tested. UNDONE: the old data; what the
    restore had brought is kept. BUSY: a restore or another recovery works there; nothing was done.
    """

    REMOVED = "removed"
    PLACED = "placed"
    KEPT = "kept"
    UNDONE = "undone"
    BUSY = "busy"


_AT_REST = {Phase.PLACED: Outcome.PLACED, Phase.KEPT: Outcome.KEPT, Phase.UNDONE: Outcome.UNDONE}


@dataclass(frozen=True)
class Settled:
    """``phase`` is the one that was found; an empty id stands for a folder without a journal."""

    id: str
    phase: Phase
    outcome: Outcome


def settle(stage: Stage, *, has_locks: bool = False) -> Settled:
    """Bring an exchange to rest from whatever state it is in. May be killed, and repeated, at any moment.

    ``has_locks``: whoever calls holds the locks of the server that was stopped.
    Raises ``ServerNotStoppedError`` when files must be moved and a server holds one of them; the gates stay.
    """
    found = stage.journal.phase
    if found is Phase.GATING:
        give_up_gates(stage)
    elif found is Phase.SWAPPING:
        _settle_swap(stage, has_locks)
    if stage.journal.phase is Phase.COMMITTED:
        finish(stage)
    if stage.journal.phase in (Phase.STAGING, Phase.RELEASED):
        stage.remove()
        return Settled(stage.journal.id, found, Outcome.REMOVED)
    return Settled(stage.journal.id, found, _AT_REST[stage.journal.phase])


def give_up_gates(stage: Stage) -> None:
    """Nothing was moved yet: what was live goes on, whether its server still runs or not."""
    stage.gates.open(stage.outgoing.home, stage.outgoing.inodes)
    stage.write(phase=stage.journal.before)


def _settle_swap(stage: Stage, has_locks: bool) -> None:
    if has_locks or stage.journal.kind is Kind.FILES:
        _put_old_data_back(stage)
        return
    let_go(stage.marker)
    with gate_locks(stage.outgoing.home) as locks:
        wait_for_locks(locks, stage.target, _LOCK_SECONDS)
        _put_old_data_back(stage)


def _put_old_data_back(stage: Stage) -> None:
    """Forward, give up; back, go on: in doubt, the old data."""
    if stage.journal.direction is Direction.BACK:
        exchange(stage)
        stage.write(phase=Phase.COMMITTED)
        return
    Exchange(stage.target, stage.outgoing, stage.incoming, stage.stray_dir).run(stage.names)
    if stage.journal.kind is Kind.MARIADB:
        stage.gates.open(stage.outgoing.home, stage.outgoing.inodes)
    is_clear = return_strays(stage.stray_dir, stage.target)
    stage.write(phase=stage.journal.before if is_clear else Phase.UNDONE)


def exchange(stage: Stage) -> None:
    """Put all incoming entries but the two of the gates in place, and all outgoing ones away."""
    Exchange(stage.target, stage.incoming, stage.outgoing, stage.stray_dir).run(stage.names)


def finish(stage: Stage) -> None:
    """Behind the commit point: remove the gates, the incoming files taking their names."""
    if stage.journal.kind is Kind.MARIADB:
        stage.gates.open(stage.incoming.home, stage.incoming.inodes)
    is_clear = return_strays(stage.stray_dir, stage.target)
    stage.write(phase=stage.journal.after if is_clear or stage.journal.after is not Phase.RELEASED else Phase.UNDONE)


@contextmanager
def restoring(target: Path, restore_id: str, kind: Kind, created_at: datetime) -> Iterator[Stage]:
    """The life of a restore: a new stage folder, to be filled in ``new_dir`` and exchanged.

    ``restore_id``: small letters and digits, 40 at most. Whatever breaks inside is settled before the error goes on;
    what was not exchanged at the end is removed. Several restores may be nested: stage all, then exchange.
    Raises ``RestoreUnfinishedError``, ``RestoreBusyError``.
    """
    with new_stage(target, restore_id, kind, created_at) as stage:
        with settled_on_error(stage):
            yield stage
        if stage.folder.exists() and stage.journal.phase is Phase.STAGING:
            stage.remove()


@contextmanager
def settled_on_error(stage: Stage, *, has_locks: bool = False) -> Iterator[None]:
    """Settle at once when the block breaks; the first error counts."""
    try:
        yield
    except BaseException:
        if stage.folder.exists() and not stage.journal.is_at_rest:
            with suppress(OSError, OobError):  # as on a full disk: recovery does it later
                settle(stage, has_locks=has_locks)
        raise
