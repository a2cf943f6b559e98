"""Killing a function at a step: each touch of the disk is one."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

_STEPS = {"open", "os.mkdir", "os.rename", "os.chmod", "os.chown", "os.remove", "os.rmdir", "shutil.rmtree"}


def run_killed(act: Callable[[], object], step: int) -> bool:
    """Run in a process that is killed before it touches the disk for the ``step``-th time; whether it was."""
    pid = os.fork()
    if pid == 0:
        left = step

        def kill(event: str, _arguments: object) -> None:
            nonlocal left
            if event in _STEPS:
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(kill)
        act()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0
