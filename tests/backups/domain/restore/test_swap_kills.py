"""A server under ``restart: always``, a client that commits, and SIGKILL at every step: always wholly old or new."""

from __future__ import annotations

import random

import pytest
from restarting import LABELS, Client, Trial, end_of, restarting_server, stages, start_restore, start_undo

from backups.domain.restore.journal import Phase
from backups.domain.restore.stage import list_restores
from backups.domain.restore.undo import release

SEED = 20261124
MOST_STEPS = 60


@pytest.fixture(scope="module")
def server():
    with restarting_server() as server:
        yield server


@pytest.fixture
def trial(server):
    with Client(server).working() as client:
        yield Trial(server, client)
    assert client.mixes == []


def test_a_restore_ends_in_the_new_data_and_keeps_the_old(server, trial):
    server.wait()
    assert server.label() == "first"
    code, _ = end_of(start_restore(server, "second"))
    assert (code, server.label()) == (0, "second")
    assert stages(server.datadir) == ["#sql-oob-x1"]
    release(server.datadir, "x1")
    assert stages(server.datadir) == []


def test_a_kill_at_every_step_leaves_the_old_or_the_new_data(trial, capsys):
    """Each recovery is killed as well, at another step each time."""
    chance = random.Random(SEED)
    step = 0
    while trial.kill_at_step(step, (chance.randrange(12), chance.randrange(25))):
        step += 1
        assert step < MOST_STEPS
    with capsys.disabled():
        print(f"\n{step} kills, {trial.recoveries_killed} of recoveries; {trial.client.looks} looks")


def test_a_kill_at_any_moment_leaves_the_old_or_the_new_data(trial):
    chance = random.Random(SEED)
    for _ in range(10):
        trial.kill_after(chance.uniform(0, 0.35), (chance.randrange(25),))


def test_an_undo_brings_the_old_data_back_and_keeps_the_restored(server, trial):
    server.wait()
    before = server.label()
    after = LABELS[before == LABELS[0]]
    trial.client.forget(after)
    assert end_of(start_restore(server, after))[0] == 0
    assert end_of(start_undo(server))[0] == 0
    server.wait()
    assert server.label() == before
    assert trial.client.lost(before) == {}
    assert list_restores(server.datadir)[0].phase is Phase.UNDONE
    release(server.datadir, "x1")
    assert stages(server.datadir) == []


def test_kills_of_an_undo_lose_nothing(trial):
    for step in range(3, 40, 9):  # `make chaos` takes every step
        trial.kill_undo_at_step(step)


def test_data_that_fail_the_start_up_test_are_rolled_back_and_no_commit_is_lost(trial):
    assert not trial.kill_roll_back_at_step(-1)


def test_kills_of_a_roll_back_lose_nothing(trial):
    for step in range(32, 60, 9):
        trial.kill_roll_back_at_step(step)
