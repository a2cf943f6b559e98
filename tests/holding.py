"""Runs in processes of their own that stop at a stage, so that no test has to catch it while it passes.

With ``DJANGO_SETTINGS_MODULE=tests.heldsettings`` any `manage.py`, the worker's queues included, stops itself (SIGSTOP)
as soon as it reports the stage ``HOLD_AT`` with at least ``HOLD_BYTES`` done: the first process that comes to it, and
once only. The file ``HELD_BY`` says which it was.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.apps import AppConfig

from tests.waiting import wait_until


class Holding(AppConfig):
    """What those settings add."""

    name = "tests.holding"

    def ready(self) -> None:
        from backups.domain.job import Job
        from backups.services import life
        from backups.services.runs import Recorder

        life.BEAT_SECONDS = 3600  # a beat that is stopped in the middle would lock the database
        Job.report = _holding(Job.report)
        Recorder.progress = _holding(Recorder.progress)


def _holding(tell):
    def tell_and_hold(whom, progress):
        tell(whom, progress)
        least = int(os.environ.get("HOLD_BYTES", 0))
        if progress.stage == os.environ["HOLD_AT"] and progress.done_bytes >= least:
            _stop_once(Path(os.environ["HELD_BY"]))

    return tell_and_hold


def _stop_once(mark: Path) -> None:
    with contextlib.suppress(FileExistsError):
        with mark.open("x") as file:
            file.write(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGSTOP)


@dataclass(frozen=True)
class Hold:
    """One stop at a stage; ``mark`` is a file of its own."""

    stage: str
    mark: Path

    @property
    def variables(self) -> dict[str, str]:
        """The environment of the process that shall stop, or of the worker whose job shall."""
        return {"DJANGO_SETTINGS_MODULE": "tests.heldsettings", "HOLD_AT": self.stage, "HELD_BY": str(self.mark)}

    def is_there(self) -> bool:
        """Whether a process stands still."""
        return self.mark.exists() and state_of(int(self.mark.read_text() or 0)) == "T"

    def wait(self) -> int:
        """Wait until a process stands still; its id."""
        wait_until(self.is_there)
        return int(self.mark.read_text())

    def let_go(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # nobody has come, or is there any more
            os.kill(int(self.mark.read_text()), signal.SIGCONT)


@contextlib.contextmanager
def held_at(stage: str, site, *arguments: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """A command of ``site`` that stands still at the stage while the block lasts, unless that kills it."""
    hold = Hold(stage, site.folder / f"held-at-{stage}")
    hold.mark.unlink(missing_ok=True)
    child = site.start(*arguments, **variables, **hold.variables)
    try:
        wait_until(lambda: hold.is_there() or child.poll() is not None)
        assert child.poll() is None, f"it ended with {child.returncode} and was never at {stage}"
        yield child
        hold.let_go()
    except BaseException:
        end_all([child])
        raise


def end_all(children: list[subprocess.Popen[str]]) -> None:
    """Kill what a failed test has left, so that the next one does not get to hear of it."""
    while children:
        with children.pop() as child:
            child.kill()


def state_of(pid: int) -> str:
    """The letter of ``/proc/PID/stat``, T for a process that was stopped; empty when there is none."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return ""
