"""Children that cannot outlive their job."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import pytest
from realsite import is_alive
from waiting import wait_until

from backups.domain.errors import CancelledError, TimedOutError, ToolMissingError
from backups.domain.job import Job
from backups.domain.process import (
    RUN_VARIABLE,
    Identity,
    Streams,
    kill_orphans,
    make_child_command,
    process_start,
    running_child,
    wait_for,
)

ROOT = Path(__file__).parents[3]


def test_the_status_of_a_child_is_returned(job):
    with running_child(["sh", "-c", "exit 7"], job, Streams()) as child:
        assert wait_for(child, job, timeout=60) == 7


def test_a_child_and_its_children_die_with_the_block(job):
    with running_child(["sh", "-c", "sleep 60 & echo $!; wait"], job, Streams(stdout=PIPE)) as child:
        grandchild = int(child.stdout.readline())
        assert is_alive(grandchild)
    wait_until(lambda: not is_alive(grandchild))
    assert child.returncode == -9


def test_a_child_dies_when_we_are_killed(folder):
    script = (
        "import sys, time; from pathlib import Path; from backups.domain.job import Job;"
        "from backups.domain.process import *\n"
        "with running_child(['sleep', '60'], Job('0123456789ab', Path('/tmp')), Streams()) as child:\n"
        "    print(child.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=PIPE) as parent:
        pid = int(parent.stdout.readline())
        wait_until(lambda: Path(f"/proc/{pid}/comm").read_text() == "sleep\n")
        parent.kill()
    wait_until(lambda: not is_alive(pid))


def test_a_child_that_takes_too_long_is_named(job):
    with running_child(["sleep", "60"], job, Streams()) as child, pytest.raises(TimedOutError) as caught:
        wait_for(child, job, timeout=0)
    assert caught.value.command == "sleep"


def test_a_cancelled_job_does_not_wait_for_its_child(folder):
    job = Job("0123456789ab", folder, is_cancelled=lambda: True)
    with running_child(["sleep", "60"], job, Streams()) as child, pytest.raises(CancelledError):
        wait_for(child, job, timeout=60)
    assert child.returncode == -9


def test_no_secret_of_ours_reaches_a_child(job, monkeypatch):
    monkeypatch.setenv("OOB_BACKUP_DBPWD", "geheim")
    with running_child(["env"], job, Streams(stdout=PIPE)) as child:
        names = {line.partition(b"=")[0] for line in child.stdout.read().splitlines()}
    assert names == {b"PATH", b"LC_ALL", b"TZ", RUN_VARIABLE.encode()}


def test_a_child_runs_as_the_given_user(job):
    with running_child(["id", "-u"], job, Streams(stdout=PIPE), identity=Identity(64_990, 64_990)) as child:
        assert child.stdout.read() == b"64990\n"


def test_a_missing_program_is_named():
    with pytest.raises(ToolMissingError) as caught:
        make_child_command(["no-such-program", "--help"])
    assert caught.value.tool == "no-such-program"


def test_orphans_of_a_run_are_killed_and_no_others():
    environments = [{**os.environ, RUN_VARIABLE: run_id} for run_id in ("aaaaaaaaaaaa", "aaaaaaaaaaab")]
    mine, other = (subprocess.Popen(["sleep", "60"], env=environment) for environment in environments)
    try:
        wait_until(lambda: kill_orphans("aaaaaaaaaaaa") == 1)
        assert mine.wait() == -9
        assert is_alive(other.pid)
    finally:
        other.kill()
        other.wait()


def test_a_process_is_known_by_its_start():
    start = process_start(os.getpid())
    assert start is not None
    assert process_start(os.getpid()) == start
    assert process_start(2**22 + 1) is None
