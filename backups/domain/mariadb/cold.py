"""A cold copy: only while we hold the locks of a stopped server's files, so that none can start on them.

mariadbd takes POSIX write locks on ``ibdata1`` and ``aria_log_control``. We take the same two and keep them while
another process copies: closing any descriptor of a file drops its process' POSIX locks, so this process never
opens those files again.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE
from typing import Any

import MySQLdb
from MySQLdb.connections import Connection

from backups.domain.errors import (
    ColdFormatError,
    NetworkFolderError,
    ServerRunningError,
    TarError,
    ThrowawayServerError,
)
from backups.domain.job import Job, Progress, watching
from backups.domain.mariadb.datadir import read_log_format, read_start_options
from backups.domain.mariadb.server import START_VARIABLES, count_engines, read_version
from backups.domain.mariadb.throwaway import ThrowawayOrder, make_private_folder, shut_down, throwaway_server
from backups.domain.process import Identity, Streams, running_child, wait_for
from backups.domain.restore.journal import STAGE_PREFIX
from oobsite.files import tree_size

_GATES = ("ibdata1", "aria_log_control")
# What only a running server tells. The private server's own values would pass for the practice's.
_UNKNOWN = dict.fromkeys((*START_VARIABLES, "version", "datadir", "log_bin", "gtid"))
_NETWORK_TYPES = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph"})


@dataclass(frozen=True)
class ColdOrder:
    """A data folder whose server is stopped, the user of the private server, and how long a copy may take."""

    datadir: Path
    identity: Identity
    timeout: float


@dataclass(frozen=True)
class ColdSet:
    """A ready data folder, and what the manifest says of its server."""

    folder: Path
    facts: dict[str, Any]


def take_cold_backup(order: ColdOrder, job: Job, *, on_running: Callable[[Connection], None]) -> ColdSet:
    """Copy the files of a stopped server and let a private server bring them into one state.

    ``on_running`` gets a connection to the private server, to count.
    Raises ``ServerRunningError``, ``NetworkFolderError``, ``ThrowawayServerError``, ``ColdFormatError``.
    """
    if is_on_network(order.datadir):
        raise NetworkFolderError(order.datadir)
    folder = make_private_folder(job.work_dir / "cold", order.identity)
    copy = make_private_folder(folder / "data", order.identity)
    with hold_gates(order.datadir):
        _copy(order, copy, job)
    options, log_format = read_start_options(copy), read_log_format(copy)
    server_order = ThrowawayOrder(folder, copy, order.identity, options, is_prepared=False)
    with throwaway_server(server_order, job) as server:
        try:
            with server.connect() as conn:
                on_running(conn)
                facts = _UNKNOWN | options | {"engines": count_engines(conn), "prepared_by": read_version(conn)}
        except MySQLdb.Error as error:
            raise ThrowawayServerError(str(error)) from error
        shut_down(server, job)
    if log_format and read_log_format(copy) != log_format:
        raise ColdFormatError(order.datadir, str(facts["prepared_by"]))
    shutil.rmtree(folder / "tmp")
    return ColdSet(copy, facts)


@contextmanager
def hold_gates(datadir: Path) -> Iterator[None]:
    """Hold the locks that a server would take. Raises ``ServerRunningError`` when one has them."""
    with ExitStack() as stack:
        for name in _GATES:
            file = stack.enter_context((datadir / name).open("rb+"))
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno in (errno.EAGAIN, errno.EACCES):
                    raise ServerRunningError(datadir) from error
                raise
        yield


def _copy(order: ColdOrder, copy: Path, job: Job) -> None:
    """Two tars: the reader sees the files with our rights, the writer owns what it writes."""
    total = tree_size(order.datadir, but=STAGE_PREFIX)
    job.enter("copy", "", total_bytes=total)
    read = ["tar", "--create", "--file=-", "--sparse", "--exclude=./#sql-oob-*", f"--directory={order.datadir}", "."]
    write = ["tar", "--extract", "--file=-", "--no-same-owner", f"--directory={copy}"]
    log_path = job.work_dir / "copy.log"
    with log_path.open("wb") as log, running_child(read, job, Streams(stdout=PIPE, stderr=log)) as reader:
        assert reader.stdout is not None  # noqa: S101 - PIPE
        streams = Streams(stdin=reader.stdout, stderr=log)
        with running_child(write, job, streams, identity=order.identity) as writer:
            reader.stdout.close()
            watched = watching(job, lambda: Progress("copy", "", tree_size(copy), total))
            statuses = [wait_for(child, watched, timeout=order.timeout) for child in (writer, reader)]
    lines = [line for line in log_path.read_text(errors="replace").splitlines() if "socket ignored" not in line]
    if any(statuses) or lines:
        raise TarError(order.datadir, max(statuses), lines[0] if lines else "")


def is_on_network(path: Path) -> bool:
    """Whether ``path`` lies on another machine: locks taken here may not be seen there."""
    return file_system_type(path) in _NETWORK_TYPES


def file_system_type(path: Path) -> str:
    """Type of the file system that holds ``path``, as /proc/self/mountinfo names it."""
    device = path.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split()
        if fields[2] == wanted:
            return fields[fields.index("-") + 1]
    return ""
