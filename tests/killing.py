"""Killing a function at a step of a restore: each step is a log line, and SIGKILL comes before it is done."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

STEPS = logging.getLogger("backups.domain.restore")


class _Killer(logging.Handler):
    def __init__(self, step: int) -> None:
        super().__init__()
        self._left = step

    def emit(self, record: logging.LogRecord) -> None:
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1


def run_killed(function: Callable[[], object], step: int) -> bool:
    """Run a function in a process that is killed before its step ``step``; whether it was."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            STEPS.setLevel(logging.INFO)
            STEPS.addHandler(_Killer(step))
            function()
            code = 0
        except BaseException as error:
            print(repr(error), file=sys.__stderr__, flush=True)
        finally:
            os._exit(code)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status in (0, -signal.SIGKILL), status
    return status != 0


@contextmanager
def memory_folder() -> Iterator[Path]:
    """A folder in memory, where a sync costs nothing."""
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"
    folder = Path(tempfile.mkdtemp(prefix="oobk-", dir=where))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def make_tree(folder: Path, label: str, names: tuple[str, ...]) -> None:
    """Folders and files named ``names`` (``x/`` is a folder) that all hold ``label``."""
    folder.mkdir(exist_ok=True)
    for name in names:
        path = folder / name
        if name.endswith("/"):
            path.mkdir()
            path /= "file"
        path.write_text(label)


def read_tree(folder: Path) -> dict[str, str]:
    """Content by name, without stage folders."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_file() and not name.startswith("#sql-oob-"):
            found[name] = path.read_text()
    return found
