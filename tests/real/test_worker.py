"""`manage.py worker` as a process: both queues work, a signal waits for the job, and nobody is left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import pytest
from foldersite import PATIENTLY, new_site, random_bytes
from holding import Hold, end_all
from realsite import is_alive
from waiting import wait_until

ENQUEUE = "from oobsite.accounts.actors import system_actor as s; from backups.services import *; "
BACKUP = ENQUEUE + "from backups.services.request import Request; request_backup(s(), Request(('pacsdata',)))"


@pytest.fixture
def place(folder, prepared):
    return new_site(folder, prepared)


@pytest.fixture
def hold(place):
    """Where the first backup of the worker stops."""
    return Hold("pack", place.folder / "held")


@pytest.fixture
def worker(place, hold):
    """A running worker; whatever a test does, it is gone afterwards with its queues."""
    child = place.start("worker", **hold.variables)
    wait_until(lambda: len(queues_of(child)) == 2)
    yield child
    queues = queues_of(child)
    hold.let_go()
    end_all([child])
    wait_until(lambda: not any(map(is_alive, queues)))


def queues_of(child: subprocess.Popen[str]) -> dict[int, str]:
    """The parents of the queues: their process id and the name of each."""
    pids: list[str] = []
    with contextlib.suppress(OSError):  # it has ended
        pids = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
    return {int(pid): queue for pid in pids if (queue := queue_name(pid))}


def queue_name(pid: str) -> str:
    with contextlib.suppress(OSError):
        if b"qcluster" in Path(f"/proc/{pid}/cmdline").read_bytes():
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            return next(text[15:].decode() for text in variables if text.startswith(b"Q_CLUSTER_NAME="))
    return ""


def test_each_queue_has_a_parent_in_a_session_of_its_own(worker):
    queues = queues_of(worker)
    assert sorted(queues.values()) == ["heavy", "quick"]
    assert {os.getsid(pid) for pid in queues} == set(queues)


def test_a_job_ends_before_the_worker(place, hold, worker):
    place.fill(random_bytes(60))
    place.shell(BACKUP)
    hold.wait()
    worker.terminate()
    hold.let_go()
    assert worker.communicate()[0].strip() == '{"ok": true, "died": []}'
    assert (worker.returncode, place.last_run("state")) == (0, "done")


def test_a_queue_that_dies_ends_the_worker(worker):
    queues = queues_of(worker)
    heavy = next(pid for pid, name in queues.items() if name == "heavy")
    os.kill(heavy, signal.SIGKILL)
    assert worker.communicate()[0].strip() == '{"ok": false, "died": ["heavy"]}'
    assert worker.returncode == 1
    wait_until(lambda: not any(map(is_alive, queues)))


def test_a_killed_worker_takes_its_queues_with_it(worker):
    queues = queues_of(worker)
    worker.kill()
    wait_until(lambda: not any(map(is_alive, queues)))


def test_interrupted_restores_are_ended_before_any_job(place):
    place.fill(b"now")
    (place.pacs / "#sql-oob-abc").mkdir()
    place.shell(BACKUP)
    child = place.start("worker")
    wait_until(lambda: place.last_run("state") == "done")
    assert not (place.pacs / "#sql-oob-abc").exists()
    child.terminate()
    child.communicate()


# --- questions of a page ----------------------------------------------------------------------------------------
ASK = "import time; before = time.monotonic(); preview = ask_preview(s(), [{name!r}]); "
ASK += "print(preview.is_answered, time.monotonic() - before)"


def ask(place, before=""):
    archive = next((place.folder / "backup").glob("*.tar.gz"))
    answered, seconds = place.shell(before + ENQUEUE + ASK.format(name=archive.name)).split()
    return answered == "True", float(seconds)


def test_a_page_is_answered_by_the_worker_while_a_long_job_runs(place, hold, worker):
    place.fill(b"now")
    assert place.run("runbackup")[0] == 0
    place.shell(BACKUP)
    hold.wait()
    is_answered, _seconds = ask(place, PATIENTLY)
    assert (is_answered, place.last_run("state")) == (True, "running")


def test_a_page_waits_five_seconds_for_a_worker_that_is_not_there(place):
    place.fill(b"now")
    assert place.run("runbackup")[0] == 0
    is_answered, seconds = ask(place)
    assert not is_answered
    assert 5 <= seconds < 30
