"""How the demonstration ends when somebody has seen enough."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from demo.__main__ import end, manage, running

ROOT = Path(__file__).parents[2]
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True); time.sleep(60)"
)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_says_so_in_its_last_line(number):
    command = [sys.executable, "-m", "demo", "--once"]
    demo = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    demo.stdout.readline()
    demo.send_signal(number)
    out, _err = demo.communicate()
    assert demo.returncode == 130
    assert json.loads(out.splitlines()[-1]) == {"ok": False, "error": "interrupted"}


def test_a_child_that_does_not_end_is_killed_and_waited_for():
    with running([sys.executable, "-c", STUBBORN], os.environ, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        end(child, seconds=0.2)
        assert child.returncode == -signal.SIGKILL


def test_children_end_with_an_error_in_between():
    with pytest.raises(KeyboardInterrupt), running(["sleep", "60"], os.environ) as child:
        raise KeyboardInterrupt
    assert child.returncode == -signal.SIGTERM


def test_a_command_tells_what_it_printed():
    answer = manage(os.environ, "--version")
    assert answer.returncode == 0
    assert answer.stdout.startswith("5.")
