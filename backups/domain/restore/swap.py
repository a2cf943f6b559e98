"""The exchange of a MariaDB data folder under a server that we do not own.

The gates are put up while the server runs, it is asked to stop, its locks tell that it is down; entries change
places, the gates are removed, and whatever restarts the server brings it up on the other data. Then it is tested;
when that fails the old data are put back the same way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from backups.domain.job import Job, Progress
from backups.domain.restore.errors import (
    NotRestartedError,
    RollbackFailedError,
    RolledBackError,
    ServerNotStartedError,
    ServerNotStoppedError,
    StagedIncompleteError,
)
from backups.domain.restore.exchange import inode, list_entries, sync_file_system
from backups.domain.restore.gates import GATES, GateLocks, gate_locks, hold_on, let_go, write_gate_files
from backups.domain.restore.journal import LOG, Direction, Phase
from backups.domain.restore.settle import exchange, finish, settled_on_error
from backups.domain.restore.stage import Stage, owner_of
from oobsite.errors import OobError

# Rarely: a server that is ending does not answer, and asking it may take long.
_ASK_SECONDS = 10
_POLL_SECONDS = 0.02
# Not data: the login of the official image's health check, and certificates that the server's options name.
_SURROUNDINGS = (".my-healthcheck.cnf",)
_CERTIFICATES = ".pem"


@dataclass(frozen=True)
class Hands:
    """What we can do to the server. ``stop`` asks it to end and returns at once; it is asked again while it runs.
    ``start`` does nothing where something else restarts it. ``test`` returns when the server is well, else raises.
    """

    stop: Callable[[], None]
    test: Callable[[Job], None]
    start: Callable[[], None] = lambda: None
    stop_seconds: float = 120


@dataclass(frozen=True)
class Swapped:
    """``seconds``: from the first word to the old server to the end of the test of the new one."""

    seconds: float


def swap_datadir(stage: Stage, hands: Hands, job: Job) -> Swapped:
    """Put the data in ``stage.new_dir`` in place of those of the running server, and test them.

    Raises ``StagedIncompleteError``, ``ServerNotStoppedError``, ``CancelledError`` and what ``hands`` raise before
    the exchange: nothing was changed. ``RolledBackError``: the test failed, the old data are live again.
    ``RollbackFailedError``: they could not be put back; they are kept.
    """
    _require_staged(stage)
    sync_file_system(stage.folder)
    started = time.monotonic()
    try:
        with server_down(stage, Direction.FORWARD, Phase.PLACED, hands, job) as locks:
            bring_up(stage, locks, hands, job)
    except BaseException as error:
        roll_back_placed(stage, hands, job, error)
        raise
    stage.write(phase=Phase.KEPT)
    return Swapped(time.monotonic() - started)


def _require_staged(stage: Stage) -> None:
    needed = [*GATES, "mysql"]
    missing = [name for name in needed if not (stage.new_dir / name).exists()]
    if missing:
        raise StagedIncompleteError(stage.new_dir, missing)


@contextmanager
def server_down(stage: Stage, direction: Direction, after: Phase, hands: Hands, job: Job) -> Iterator[GateLocks]:
    """Gates up and server down, for an exchange in the block; its locks are ours to the end of the block."""
    try:
        with settled_on_error(stage):
            _put_up_gates(stage, direction, after, job)
            with gate_locks(stage.outgoing.home) as locks, settled_on_error(stage, has_locks=True):
                _stop_server(stage, locks, hands, job)
                yield locks
    except BaseException:
        _start_again(stage, hands)
        raise


def _start_again(stage: Stage, hands: Hands) -> None:
    """What was stopped does not stay so, unless it is about to be stopped once more, for a roll-back."""
    if stage.journal.phase is Phase.PLACED and stage.journal.direction is Direction.FORWARD:
        return
    try:
        hands.start()
    except (OobError, OSError):  # the first error counts
        LOG.exception("the server could not be started")


def _put_up_gates(stage: Stage, direction: Direction, after: Phase, job: Job) -> None:
    job.enter("gate", stage.target.name)
    let_go(stage.marker)
    gates = write_gate_files(stage.gates_dir, stage.target, owner_of(stage.target))
    found = {name: inode(stage.target / name) for name in GATES}
    before = stage.journal.phase
    home = stage.new_dir if direction is Direction.FORWARD else stage.old_dir
    stage.write(
        phase=Phase.GATING,
        direction=direction,
        before=before,
        after=after,
        incoming=list_entries(home),
        outgoing={name: number for name, number in found.items() if number is not None},
        gates=gates,
    )
    stage.gates.close(stage.outgoing.home, stage.journal.outgoing)


def _stop_server(stage: Stage, locks: GateLocks, hands: Hands, job: Job) -> None:
    """Ask it to stop until both locks are ours; when they are free there is none."""
    job.enter("stop", stage.target.name)
    deadline = time.monotonic() + hands.stop_seconds
    ask_at = 0.0
    while not locks.acquire():
        if time.monotonic() > deadline:
            raise ServerNotStoppedError(stage.target, int(hands.stop_seconds))
        if time.monotonic() >= ask_at:
            LOG.info("ask the server to stop")
            hands.stop()
            ask_at = time.monotonic() + _ASK_SECONDS
        job.report(Progress("stop", stage.target.name))
        time.sleep(_POLL_SECONDS)


def bring_up(stage: Stage, locks: GateLocks, hands: Hands, job: Job) -> None:
    """The exchange itself, and the start of the server behind it."""
    job.enter("swap", stage.target.name)
    stage.write(phase=Phase.SWAPPING, outgoing=_list_outgoing(stage))
    exchange(stage)
    hold_on(locks, stage.marker)
    stage.write(phase=Phase.COMMITTED)
    finish(stage)
    LOG.info("start the server")
    hands.start()
    job.enter("test", stage.target.name)
    hands.test(job)


def _list_outgoing(stage: Stage) -> dict[str, int]:
    """What goes: all data, the two files of the gates by the inodes that they had."""
    live = list_entries(stage.target)
    incoming = stage.journal.incoming
    going = {name: number for name, number in live.items() if name in incoming or not _is_surrounding(name)}
    return {name: number for name, number in going.items() if name not in GATES} | dict(stage.journal.outgoing)


def _is_surrounding(name: str) -> bool:
    return name in _SURROUNDINGS or name.endswith(_CERTIFICATES)


def roll_back_placed(stage: Stage, hands: Hands, job: Job, error: BaseException) -> None:
    """Put the old data back after a failed test; anything that broke earlier is settled already."""
    if not stage.folder.exists() or stage.journal.phase is not Phase.PLACED:
        return
    LOG.warning("restore %s is rolled back: %r", stage.journal.id, error)
    steady = replace(job, is_cancelled=lambda: False)
    reason = error.code if isinstance(error, OobError) else type(error).__name__
    try:
        _put_back_and_forget(stage, hands, steady)
    except (OobError, OSError) as problem:
        raise RollbackFailedError(stage.target, stage.journal.id, reason) from problem
    if isinstance(error, ServerNotStartedError):
        raise NotRestartedError(stage.target, reason) from error
    if isinstance(error, Exception):
        raise RolledBackError(stage.target, reason) from error


def _put_back_and_forget(stage: Stage, hands: Hands, job: Job) -> None:
    with server_down(stage, Direction.BACK, Phase.RELEASED, hands, job) as locks:
        bring_up(stage, locks, replace(hands, test=lambda _job: None), job)
    if stage.journal.phase is Phase.RELEASED:
        stage.remove()
