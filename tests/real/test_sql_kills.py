"""Our process or the server is killed in the middle of an SQL restore: the database is wholly old or wholly new."""

from __future__ import annotations

import logging
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from killing import STEPS, run_killed
from sqlsite import Swap, databases, labels, make_swap, server_for_sql  # noqa: F401 - a fixture
from waiting import PATIENCE_SECONDS

from backups.domain.errors import ServerUnreachableError
from backups.domain.job import Job
from backups.domain.restore.journal import Phase
from backups.domain.sql.errors import SqlExchangeError, SqlRolledBackError, SqlUnsettledError
from backups.domain.sql.exchange import swap_database, undo_database
from backups.domain.sql.journal import list_journals
from backups.domain.sql.recovery import release, settle

SEED = 20261124
MOST_STEPS = 30


@pytest.fixture(scope="module")
def swap(server):
    return make_swap(server)


@pytest.fixture
def job(folder):
    return Job("0123456789ab", folder)


def kill_swap(swap: Swap, folder, job, step: int, recovery_step: int = -1) -> bool:
    """Kill an exchange before one of its steps, and perhaps its recovery; whether it was killed."""
    file = swap.stage(folder)
    was_killed = run_killed(lambda: swap_database(file, swap.live, job), step)
    if recovery_step >= 0:
        run_killed(lambda: recover(folder, swap), recovery_step)
    recover(folder, swap)
    require_whole(swap, folder)
    return was_killed


def recover(folder, swap: Swap) -> None:
    for file in list_journals(folder / "journals"):
        settle(file, swap.live)


def require_whole(swap: Swap, folder) -> None:
    """The tables are of one state, the journal says which, and nothing is left of what was given up."""
    found = labels(swap.server)
    files = list_journals(folder / "journals")
    if found == {"new"}:
        assert [file.journal.phase for file in files] == [Phase.KEPT]
        assert len(databases(swap.server)) == 2
        release(files[0], swap.live.access)
    assert found in ({"old"}, {"new"})
    assert (databases(swap.server), list_journals(folder / "journals")) == ([], [])


@pytest.mark.parametrize("step", [0, 2, 3, 4])
def test_a_kill_leaves_the_old_or_the_new_tables(swap, folder, job, step):
    assert kill_swap(swap, folder, job, step)


@pytest.mark.parametrize("recovery_step", [0, 1, 3])
def test_a_recovery_may_be_killed(swap, folder, job, recovery_step):
    assert kill_swap(swap, folder, job, 3, recovery_step)


def test_an_undo_that_is_killed_leaves_the_new_tables(swap, folder, job):
    file = swap.stage(folder)
    swap_database(file, swap.live, job)
    assert run_killed(lambda: undo_database(file, swap.live, job), 3)
    recover(folder, swap)
    assert labels(swap.server) == {"new"}
    require_whole(swap, folder)


def test_a_release_that_is_killed_is_ended(swap, folder, job):
    file = swap.stage(folder)
    swap_database(file, swap.live, job)
    assert run_killed(lambda: release(file, swap.live.access), 2)
    recover(folder, swap)
    assert (labels(swap.server), databases(swap.server)) == ({"new"}, [])


def test_a_server_that_goes_away_is_waited_for(swap, folder, job):
    file = swap.stage(folder)
    error = swap_on_dying_server(swap, file, job, step=3)
    assert isinstance(error, SqlExchangeError | SqlRolledBackError)
    assert labels(swap.server) == {"old"}
    require_whole(swap, folder)


def test_a_server_that_stays_away_is_left_to_the_recovery(swap, folder, job):
    file = swap.stage(folder)
    error = swap_on_dying_server(swap, file, job, step=3, is_started=False)
    assert isinstance(error, SqlUnsettledError)
    with pytest.raises(ServerUnreachableError):
        recover(folder, swap)
    swap.server.start()
    recover(folder, swap)
    require_whole(swap, folder)


class _ServerKiller(logging.Handler):
    """SIGKILL for the server at one of our steps, before it is done or a moment later."""

    def __init__(self, server, step: int, seconds: float) -> None:
        super().__init__()
        self._server, self._left, self._seconds = server, step, seconds
        self.done = threading.Event()

    def _kill(self) -> None:
        self._server.kill()
        self.done.set()

    def emit(self, record: logging.LogRecord) -> None:
        if self._left == 0:
            threading.Timer(self._seconds, self._kill).start()
            if not self._seconds:
                self.done.wait()
        self._left -= 1


def swap_on_dying_server(swap, file, job, *, step, is_started=True, seconds=0.0):
    """An exchange whose server is killed; returns what it raised, None when it was done before."""
    killer, level = _ServerKiller(swap.server, step, seconds), STEPS.level
    live = swap.live if is_started else replace(swap.live, return_seconds=0)
    STEPS.setLevel(logging.INFO)
    STEPS.addHandler(killer)
    try:
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(swap_database, file, live, job)
            assert killer.done.wait(PATIENCE_SECONDS)
            if is_started:
                swap.server.start()
            return future.exception()
    finally:
        STEPS.removeHandler(killer)
        STEPS.setLevel(level)


@pytest.mark.chaos
def test_every_step_and_every_step_of_its_recovery(swap, folder, job):
    step = 0
    while kill_swap(swap, folder, job, step):
        for recovery_step in range(MOST_STEPS):
            kill_swap(swap, folder, job, step, recovery_step)
            if recovery_step > 8:
                break
        step += 1
        assert step < MOST_STEPS
    assert step >= 6


@pytest.mark.chaos
def test_sixty_servers_die_at_any_moment(swap, folder, job, capsys):
    chance = random.Random(SEED)
    done = 0
    for _ in range(60):
        file = swap.stage(folder)
        error = swap_on_dying_server(swap, file, job, step=chance.randrange(6), seconds=chance.uniform(0, 0.3))
        done += error is None
        recover(folder, swap)
        require_whole(swap, folder)
    with capsys.disabled():
        print(f"\n60 killed servers, {done} exchanges were done before")
