"""Long fault runs of restores: the restorer, its recovery and the server are killed at any moment."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess

import pytest
from restarting import LABELS, Client, Trial, end_of, start_restore
from waiting import wait_until

from backups.domain.restore.undo import release

pytestmark = pytest.mark.chaos
SEED = 20261124
MOST_STEPS = 80


@pytest.fixture
def trial(restarting):
    with Client(restarting).working() as client:
        yield Trial(restarting, client)
    assert client.mixes == []


def test_two_hundred_killed_restores_leave_the_old_or_the_new_data(trial, capsys):
    chance = random.Random(SEED)
    for _ in range(200):
        trial.kill_after(chance.uniform(0, 0.4), (chance.randrange(25), chance.randrange(25)))
    with capsys.disabled():
        print(f"\n200 kills, {trial.recoveries_killed} of recoveries; {trial.client.looks} looks")


def test_a_server_that_is_killed_as_well_changes_nothing(trial):
    """MyISAM may lose what was written shortly before, so acknowledged rows are not counted here."""
    chance = random.Random(SEED)
    trial.counts_commits = False
    for _ in range(60):
        trial.kill_after(chance.uniform(0.05, 0.6), (chance.randrange(25),), and_server=chance.uniform(0.01, 0.4))


def test_an_undo_is_killed_at_every_step(trial):
    step = 0
    while trial.kill_undo_at_step(step):
        step += 1
        assert step < MOST_STEPS


def test_a_roll_back_is_killed_at_every_step(trial):
    step = 0
    while trial.kill_roll_back_at_step(step):
        step += 1
        assert step < MOST_STEPS


def test_a_second_server_that_waits_for_the_old_files_does_not_get_them(restarting, trial):
    """It has opened ``aria_log_control`` before the gates stood, and would go on with it and the new logs."""
    restarting.wait()
    before = restarting.label()
    after = LABELS[before == LABELS[0]]
    trial.client.forget(after)
    with waiting_server(restarting) as second:
        assert end_of(start_restore(restarting, after))[0] == 0
        assert second.wait() == 1
    restarting.wait()
    assert restarting.label() == after
    release(restarting.datadir, "x1")
    log = (restarting.folder / "second.err").read_text()
    assert "Could not get an exclusive lock" in log
    assert "Aria engine: starting recovery" not in log


@contextlib.contextmanager
def waiting_server(server):
    """Another server on the same folder, by mistake."""
    practice, log = server.practice, server.folder / "second.err"
    own = {"--socket": "second.sock", "--pid-file": "second.pid"}
    options = [f"{name}={practice.run_dir / file}" for name, file in own.items()] + [f"--log-error={log}"]
    log.touch()
    os.chown(log, practice.uid, practice.gid)
    command = [*practice._as_server_user(), *practice._command(), *options]
    with subprocess.Popen([str(word) for word in command]) as second:
        try:
            wait_until(lambda: "Will retry" in log.read_text())
            yield second
        finally:
            second.kill()
