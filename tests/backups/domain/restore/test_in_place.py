"""What a journal says is in place is what lies there, wherever a restore was killed."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from killing import make_tree, memory_folder, read_tree, run_killed

from backups.domain.job import Job
from backups.domain.restore.folders import swap_folder
from backups.domain.restore.inplace import InPlace, read_in_place
from backups.domain.restore.journal import Kind
from backups.domain.restore.recover import recover
from backups.domain.restore.settle import restoring
from backups.domain.restore.undo import undo_folder

NAMES = ("a", "b/", "c")


@contextmanager
def folder():
    with memory_folder() as parent:
        make_tree(parent / "data", "old", NAMES)
        yield parent / "data"


def restore(target):
    with restoring(target, "x1", Kind.FILES, datetime.now(UTC)) as stage:
        make_tree(stage.new_dir, "new", NAMES)
        swap_folder(stage, Job("0123456789ab", target.parent))


def undo(target):
    undo_folder(target, "x1", Job("0123456789ab", target.parent))


def content(target):
    found = read_tree(target)
    labels = set(found.values())
    return labels.pop() if len(labels) == 1 and len(found) == len(NAMES) else "mix"


def kill_everywhere(prepare, act):
    """Kill an act before each of its steps; what was said to be in place, what was, and both after the recovery."""
    was_killed, step = True, 0
    while was_killed:
        with folder() as target:
            prepare(target)
            was_killed = run_killed(lambda: act(target), step)
            before = (read_in_place(target, "x1"), content(target))
            recover(target)
            yield before, (read_in_place(target, "x1"), content(target))
        step += 1


@pytest.mark.parametrize(("prepare", "act"), [(lambda _target: None, restore), (restore, undo)])
def test_what_is_said_is_so_wherever_it_was_killed(prepare, act):
    found = list(kill_everywhere(prepare, act))
    said = {before for before, _after in found if before[0] is not InPlace.UNFINISHED}
    assert said == {("old", "old"), ("new", "new")}
    assert {after for _before, after in found} <= said
    assert any(before[1] == "mix" for before, _after in found)
