"""Child processes that cannot outlive their job.

Each child gets a session of its own, so that its group can be killed; the kernel kills it when we die
(PR_SET_PDEATHSIG, by util-linux' setpriv); and it carries the id of the run in its environment, so that the
next run finds whatever was left all the same.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from backups.domain.errors import TimedOutError, ToolMissingError
from backups.domain.job import Job

RUN_VARIABLE = "OOB_RUN"
_POLL_SECONDS = 0.1
_IDLE_SECONDS = 3600


@dataclass(frozen=True)
class Identity:
    """The user and group that a child runs as; only root can change them."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Streams:
    """Files of a child; what is not named leads nowhere. ``more``: descriptors that it gets under their numbers."""

    stdin: int | IO[bytes] = subprocess.DEVNULL
    stdout: int | IO[bytes] = subprocess.DEVNULL
    stderr: int | IO[bytes] = subprocess.DEVNULL
    more: Sequence[int] = ()


def _search_path() -> str:
    """PATH and where Debian keeps mariadbd: ordinary users and cron do not have it on their PATH."""
    return f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin"


def find_tool(tool: str) -> str:
    """Return the path of a program. Raises ``ToolMissingError``."""
    path = shutil.which(tool, path=_search_path())
    if path is None:
        raise ToolMissingError(tool)
    return path


def make_child_command(command: Sequence[str | Path], identity: Identity | None = None) -> list[str]:
    """Wrap ``command`` so that it dies with us and runs as ``identity``."""
    wrapped = [find_tool("setpriv"), "--pdeathsig", "KILL"]
    if identity is not None and os.geteuid() == 0:
        wrapped += [f"--reuid={identity.uid}", f"--regid={identity.gid}", "--clear-groups"]
    find_tool(str(command[0]))
    return [*wrapped, "--", *map(str, command)]


@contextmanager
def running_child(
    command: Sequence[str | Path],
    job: Job,
    streams: Streams,
    *,
    identity: Identity | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a child; on every way out its whole process group is gone."""
    child = subprocess.Popen(
        make_child_command(command, identity),
        stdin=streams.stdin,
        stdout=streams.stdout,
        stderr=streams.stderr,
        env=clean_environment() | {RUN_VARIABLE: job.run_id},
        pass_fds=[*streams.more, *([] if job.lock_fd is None else [job.lock_fd])],
        start_new_session=True,
    )
    try:
        yield child
    finally:
        kill_group(child)
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                with suppress(BrokenPipeError):  # what it did not read goes with it
                    pipe.close()


def clean_environment() -> dict[str, str]:
    """No secret and no locale of ours reaches a child."""
    return {"PATH": _search_path(), "LC_ALL": "C", "TZ": "UTC"}


def wait_for(child: subprocess.Popen[bytes], job: Job, *, timeout: float) -> int:
    """Wait for the end of a child and return its status; a cancelled job or the time-out ends the wait."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            return child.wait(_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            job.check_cancelled()
            if time.monotonic() > deadline:
                raise TimedOutError(_name(child), int(timeout)) from None


def wait_until_ready(descriptor: int, event: int, job: Job) -> None:
    """Wait until a pipe can be read (``select.POLLIN``) or written (``select.POLLOUT``) without blocking.

    A cancelled job ends the wait, and so does a child that does nothing for an hour (``TimedOutError``).
    """
    poller = select.poll()
    poller.register(descriptor, event)
    deadline = time.monotonic() + _IDLE_SECONDS
    while not poller.poll(1000 * _POLL_SECONDS):
        job.check_cancelled()
        if time.monotonic() > deadline:
            raise TimedOutError("pipe", _IDLE_SECONDS)


def _name(child: subprocess.Popen[bytes]) -> str:
    arguments = child.args
    assert isinstance(arguments, list)  # noqa: S101 - make_child_command returns a list
    return Path(str(arguments[arguments.index("--") + 1])).name


def kill_group(child: subprocess.Popen[bytes]) -> None:
    """SIGKILL: mariadb-backup ignores SIGTERM, and nothing that we start has to tidy up.

    Also when the leader has ended: what it started may still run and hold our lock.
    """
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def kill_orphans(run_id: str) -> int:
    """Kill the children that a dead run left behind; return how many there were."""
    marker = f"{RUN_VARIABLE}={run_id}".encode()
    pids = [pid for pid in _all_pids() if pid != os.getpid() and marker in _environment_of(pid)]
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return len(pids)


def _all_pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _environment_of(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def process_start(pid: int) -> str | None:
    """Start time of a process in clock ticks after boot; with the pid it names one process for good."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None
