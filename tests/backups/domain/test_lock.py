"""One run at a time, whoever starts it; locks that were lost are noticed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from subprocess import PIPE

import pytest
from realsite import is_alive
from waiting import wait_until

from backups.domain.errors import BusyError, FolderMissingError, LockLostError
from backups.domain.lock import LOCK_NAME, is_pinned, make_holder, pinned, require_lock, run_lock

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 24, 2, 15, tzinfo=UTC)
HOLD = """
import subprocess, sys, time
from datetime import UTC, datetime
from pathlib import Path
from backups.domain.lock import *
with run_lock(Path(sys.argv[1]), make_holder("aaaaaaaaaaaa", "backup", datetime(2026, 11, 24, tzinfo=UTC))) as fd:
    if sys.argv[2:]:
        child = subprocess.Popen(["sleep", "60"], pass_fds=[fd], env={"OOB_RUN": sys.argv[2], "PATH": "/usr/bin:/bin"})
        print(child.pid, flush=True)
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def other_process(folder, *arguments):
    command = [sys.executable, "-c", HOLD, str(folder), *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=PIPE, text=True) as process:
        try:
            process.first_line = process.stdout.readline().strip()
            while arguments and not Path(f"/proc/{process.first_line}/environ").read_bytes():
                time.sleep(0.01)  # the kernel has not yet given the child its environment
            yield process
        finally:
            process.kill()


def holder():
    return make_holder("0123456789ab", "backup", NOW)


def test_another_process_is_refused_and_told_who_works_there(folder):
    with other_process(folder) as process, pytest.raises(BusyError) as caught, run_lock(folder, holder()):
        pass
    assert f"pid {process.pid}" in caught.value.holder
    assert caught.value.since == "2026-11-24T00:00:00+00:00"


def test_the_lock_is_free_again_after_the_block(folder):
    for _ in range(2):
        with run_lock(folder, holder()):
            pass
    assert (folder / LOCK_NAME).read_bytes() == b""


def test_the_lock_of_a_killed_process_is_free(folder):
    with other_process(folder) as process:
        process.kill()
        process.wait()
        with run_lock(folder, holder()):
            pass


def test_children_of_a_killed_holder_are_ended_and_the_lock_is_taken(folder):
    with other_process(folder, "aaaaaaaaaaaa") as process:
        child = int(process.first_line)
        process.kill()
        process.wait()
        with run_lock(folder, holder()):
            wait_until(lambda: not is_alive(child))


def test_a_living_child_of_somebody_else_is_not_touched(folder):
    with other_process(folder, "bbbbbbbbbbbb") as process:
        child = int(process.first_line)
        process.kill()
        process.wait()
        with pytest.raises(BusyError), run_lock(folder, holder()):
            pass
        os.kill(child, 9)


def test_a_holder_is_dead_when_its_number_belongs_to_a_younger_process():
    assert not holder().is_dead
    assert replace(holder(), start="1").is_dead
    assert not replace(holder(), start="1", host="another-machine").is_dead


def test_a_folder_that_is_not_there_is_named(folder):
    with pytest.raises(FolderMissingError) as caught, run_lock(folder / "missing", holder()):
        pass
    assert caught.value.path == folder / "missing"


def test_a_lock_that_is_still_ours_is_good(folder):
    with run_lock(folder, holder()) as descriptor:
        require_lock(folder, descriptor)


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_lock_file_that_was_removed_or_replaced_is_a_lost_lock(folder, is_replaced):
    with run_lock(folder, holder()) as descriptor:
        (folder / LOCK_NAME).unlink()
        if is_replaced:
            (folder / LOCK_NAME).touch()
        with pytest.raises(LockLostError):
            require_lock(folder, descriptor)


def test_an_archive_that_is_read_is_pinned(folder):
    path = folder / "x.tar.gz"
    path.touch()
    assert not is_pinned(path)
    with pinned(path), pinned(path):
        assert is_pinned(path)
    assert not is_pinned(path)


def test_a_lock_file_that_nobody_understands_does_not_hide_who_is_busy(folder):
    with other_process(folder):
        time.sleep(0.01)
        (folder / LOCK_NAME).write_text("not json")
        with pytest.raises(BusyError) as caught, run_lock(folder, holder()):
            pass
    assert caught.value.holder == "?"
