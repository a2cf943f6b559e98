"""SIGKILL at every step of an exchange and at every step of the recovery behind it, without a server."""

from __future__ import annotations

import shutil
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from killing import make_tree, memory_folder, read_tree, run_killed

from backups.domain.job import Job
from backups.domain.restore.errors import RestoredContentError, RolledBackError
from backups.domain.restore.folders import swap_folder
from backups.domain.restore.journal import Kind, Phase, list_stage_folders
from backups.domain.restore.recover import recover
from backups.domain.restore.settle import Outcome, restoring
from backups.domain.restore.stage import list_restores
from backups.domain.restore.swap import Hands, swap_datadir
from backups.domain.restore.undo import complete_datadir, release, undo_datadir, undo_folder

NOW = datetime(2026, 11, 24, 3, 15, tzinfo=UTC)
# One of each sort: the two gates, in both, in one of them, a file that becomes a folder.
OLD = ("ibdata1", "aria_log_control", "mysql/", "only_old/", "turned")
NEW = ("ibdata1", "aria_log_control", "mysql/", "only_new/", "turned/")
MOST_STEPS = 80


@pytest.fixture
def memory():
    with memory_folder() as folder:
        yield folder


@pytest.fixture
def place(memory):
    """A data folder with old data, made anew for every trial."""
    return Place(memory)


class Place:
    def __init__(self, folder):
        self.folder = folder
        self.target = folder / "data"
        self.job = Job("0123456789ab", folder)
        self.states = {}
        for label, names in (("old", OLD), ("new", NEW)):
            make_tree(folder / label, label, names)
            self.states[label] = read_tree(folder / label)

    def renew(self):
        shutil.rmtree(self.target, ignore_errors=True)
        shutil.copytree(self.folder / "old", self.target)

    @property
    def state(self):
        found = read_tree(self.target)
        assert found in self.states.values(), found
        return "old" if found == self.states["old"] else "new"

    def hands(self, *, is_good=True):
        def test(_job):
            if not is_good:
                raise RestoredContentError(["x"])

        return Hands(stop=lambda: None, test=test)

    def restore(self, kind, *, is_good=True):
        with restoring(self.target, "x1", kind, NOW) as stage:
            shutil.copytree(self.folder / "new", stage.new_dir, dirs_exist_ok=True)
            if kind is Kind.MARIADB:
                swap_datadir(stage, self.hands(is_good=is_good), self.job)
            else:
                swap_folder(stage, self.job)

    def undo(self, kind):
        if kind is Kind.MARIADB:
            undo_datadir(self.target, "x1", self.hands(), self.job)
        else:
            undo_folder(self.target, "x1", self.job)


def judge(place):
    """What is live is whole; what is kept agrees with it; recovery changes nothing more, and a release ends it."""
    state = place.state
    journals = list_restores(place.target)
    if state == "old" and not journals:
        assert list_stage_folders(place.target) == []
        return state
    (journal,) = journals
    assert journal.phase in ((Phase.PLACED, Phase.KEPT) if state == "new" else (Phase.UNDONE,))
    assert recover(place.target)[0].outcome in (Outcome.PLACED, Outcome.KEPT, Outcome.UNDONE)
    assert place.state == state
    release(place.target, "x1")
    assert list(place.target.glob("#*")) == []
    return state


def kill_everywhere(place, begin, act):
    """Kill ``act`` before each of its steps, and each recovery behind it before each of its own; the states."""
    states = []
    for step in range(MOST_STEPS):
        was_recovery_killed, then = True, 0
        while was_recovery_killed:
            place.renew()
            begin()
            was_killed = run_killed(act, step)
            was_recovery_killed = run_killed(lambda: recover(place.target), then)
            recover(place.target)
            states.append(judge(place))
            then += 1
        if not was_killed:
            return states
    raise AssertionError("it has no end")


@pytest.mark.parametrize("kind", Kind)
def test_kills_of_a_restore_and_of_its_recovery(place, kind):
    states = kill_everywhere(place, lambda: None, lambda: place.restore(kind))
    assert set(states) == {"old", "new"}
    assert states == sorted(states, reverse=True)  # old until the commit, new ever after


@pytest.mark.parametrize("kind", Kind)
def test_kills_of_an_undo_and_of_its_recovery(place, kind):
    states = kill_everywhere(place, lambda: place.restore(kind), lambda: place.undo(kind))
    assert set(states) == {"old", "new"}
    assert states == sorted(states)  # new until the server is down, old ever after


def test_kills_of_a_roll_back_and_of_its_recovery(place):
    """Data that fail the start-up test; a kill may leave them live and untested, and completing rolls them back."""

    def restore():
        with suppress(RolledBackError):
            place.restore(Kind.MARIADB, is_good=False)

    for step in range(MOST_STEPS):
        place.renew()
        was_killed = run_killed(restore, step)
        run_killed(lambda: recover(place.target), step % 7)
        recover(place.target)
        if place.state == "new":
            assert list_restores(place.target)[0].phase is Phase.PLACED
            with pytest.raises(RolledBackError):
                complete_datadir(place.target, "x1", place.hands(is_good=False), place.job)
        assert place.state == "old"
        assert list_stage_folders(place.target) == []
        if not was_killed:
            break
    assert not was_killed


def test_kills_of_a_release(place):
    for step in range(MOST_STEPS):
        place.renew()
        place.restore(Kind.MARIADB)
        was_killed = run_killed(lambda: release(place.target, "x1"), step)
        recover(place.target)
        assert place.state == "new"
        if not was_killed:
            break
        assert len(list_stage_folders(place.target)) == (step == 0)
        if step == 0:
            release(place.target, "x1")
    assert not was_killed
