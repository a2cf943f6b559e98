"""A private mariadbd for proofs: own user, no network, little memory, a folder that nobody else can enter."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any

from MySQLdb.connections import Connection

from backups.domain.attempts import attempts
from backups.domain.errors import FolderMissingError, OtherSeriesError, ServerUnreachableError, ThrowawayServerError
from backups.domain.job import Job
from backups.domain.mariadb.server import START_VARIABLES, Access, connection
from backups.domain.process import Identity, Streams, clean_environment, find_tool, kill_group, running_child, wait_for
from oobsite.errors import OobError

_START_SECONDS = 300
_POLL_SECONDS = 0.05
_STOP_SECONDS = 120
_OPTIONS = (
    "--skip-networking",
    "--skip-log-bin",
    "--skip-slave-start",
    "--event-scheduler=OFF",
    "--skip-symbolic-links",
    "--innodb-buffer-pool-size=128M",
    "--innodb-buffer-pool-load-at-startup=OFF",
    "--innodb-buffer-pool-dump-at-shutdown=OFF",
    "--performance-schema=OFF",
    "--key-buffer-size=8M",
    "--aria-pagecache-buffer-size=8M",
    "--innodb-log-buffer-size=1M",
    "--max-connections=8",
    "--max-allowed-packet=1G",
)
# Not --innodb-read-only: without purge CHECK TABLE takes rows that were deleted shortly before for damage, and
# the rest of an ALTER TABLE stays. The small log is the only other thing that such a start writes.
_PREPARED = ("--read-only", "--innodb-log-file-size=8M")
# What InnoDB says of a redo log that another series has left open. Every force but the one that leaves the log and all
# that is only there out (6) fails on it, too.
_OTHER_SERIES = re.compile(
    r"(?:Upgrade after a crash is not supported|Unsupported redo log format)\."
    r".*?(?:created with|created before) MariaDB (?P<version>\d[\d.]*\d)"
)
_INIT_NAME = "init.sql"
_INIT_SQL = "CREATE OR REPLACE USER {admin}@localhost;\nGRANT ALL PRIVILEGES ON *.* TO {admin}@localhost;\n"


@dataclass(frozen=True)
class ThrowawayOrder:
    """``folder`` belongs to ``identity`` and holds the data folder; ``variables`` are those of the manifest.

    ``is_prepared``: the files are one clean state; otherwise the server recovers them first.
    ``has_accounts``: logins are checked, for loading a dump; otherwise everybody who reaches the socket is root, but
    the server then hides all events. ``admin``: logins are checked, and this account is made at the start to get in.
    ``force_recovery``: how much damage InnoDB passes over, 0 (none) to 6.
    """

    folder: Path
    datadir: Path
    identity: Identity
    variables: Mapping[str, Any] = field(default_factory=dict)
    is_prepared: bool = True
    has_accounts: bool = False
    admin: str = ""
    force_recovery: int = 0


@dataclass(frozen=True)
class Throwaway:
    """A running private server. ``socket`` is a short name of the socket for our process and its children."""

    child: Popen[bytes]
    socket: str
    folder_fd: int
    admin: str = "root"

    @contextmanager
    def connect(self, user: str = "") -> Iterator[Connection]:
        with connection(Access("", 0, user or self.admin, "", "", socket=self.socket)) as conn:
            yield conn

    def kill(self) -> None:
        kill_group(self.child)


def read_program_version() -> str:
    """``10.11.19-MariaDB-…`` of the server program that we start. Raises ``ToolMissingError``."""
    command, environment = [find_tool("mariadbd"), "--no-defaults", "--version"], clean_environment()
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=30)
    found = re.search(r"Ver (\d+\.\d+\.\d+\S*)", answer.stdout)
    return found[1] if found else ""


def make_private_folder(folder: Path, identity: Identity) -> Path:
    """Make an empty folder that only ``identity`` can enter. Raises ``FolderMissingError`` when it could not."""
    if os.geteuid() == 0:
        _require_enterable(folder.parent, identity)
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(folder, identity.uid, identity.gid)
    return folder


def _require_enterable(folder: Path, identity: Identity) -> None:
    """A user of its own reaches its folder only when every folder above is its own or lets others pass."""
    for parent in [folder, *folder.parents]:
        status = parent.stat()
        if status.st_uid != identity.uid and not status.st_mode & 0o001:
            raise FolderMissingError(parent, "chmod o+x")


def make_server_command(order: ThrowawayOrder) -> list[str]:
    """The command of the private server; its socket lies beside the data folder."""
    return [
        "mariadbd",
        "--no-defaults",
        f"--datadir={order.datadir}",
        f"--socket={os.path.relpath(order.folder / 'sock', order.datadir)}",
        f"--pid-file={order.folder / 'pid'}",
        f"--log-error={order.folder / 'error.log'}",
        f"--tmpdir={order.folder / 'tmp'}",
        f"--secure-file-priv={order.folder / 'tmp'}",
        *_OPTIONS,
        *(_PREPARED if order.is_prepared else ()),
        *(() if order.has_accounts or order.admin else ("--skip-grant-tables",)),
        *((f"--init-file={order.folder / _INIT_NAME}",) if order.admin else ()),
        *((f"--innodb-force-recovery={order.force_recovery}",) if order.force_recovery else ()),
        *_variable_options(order.variables),
    ]


def _variable_options(variables: Mapping[str, Any]) -> Sequence[str]:
    """The manifest of a cold backup has None for what its files did not tell: that is left to the server."""
    known = [name for name in START_VARIABLES if variables.get(name) is not None]
    return [f"--{name.replace('_', '-')}={variables[name]}" for name in known]


@contextmanager
def throwaway_server(order: ThrowawayOrder, job: Job) -> Iterator[Throwaway]:
    """Start the server and wait until it answers; on every way out it is gone.

    Raises ``ThrowawayServerError`` with a line of its log, ``OtherSeriesError``.
    """
    tmp = order.folder / "tmp"
    if not tmp.exists():
        make_private_folder(tmp, order.identity)
    if order.admin:
        (order.folder / _INIT_NAME).write_text(_INIT_SQL.format(admin=order.admin))
        (order.folder / _INIT_NAME).chmod(0o644)  # for the server's user; nobody else enters the folder
    folder_fd = os.open(order.folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        job.enter("start", "")
        with running_child(make_server_command(order), job, Streams(), identity=order.identity) as child:
            # Socket paths are limited to 107 bytes: the folder's descriptor is a short name for it.
            server = Throwaway(child, f"/proc/{os.getpid()}/fd/{folder_fd}/sock", folder_fd, order.admin or "root")
            _wait_until_up(server, order, job)
            yield server
    finally:
        os.close(folder_fd)


def _wait_until_up(server: Throwaway, order: ThrowawayOrder, job: Job) -> None:
    for _look in attempts(_START_SECONDS, _POLL_SECONDS):
        if server.child.poll() is not None:
            break
        try:
            with server.connect():
                return
        except ServerUnreachableError:
            job.check_cancelled()
    raise _explain(order.folder)


def _explain(folder: Path) -> OobError:
    line = read_log_problem(folder)
    other = _OTHER_SERIES.search(line)
    return OtherSeriesError(other["version"]) if other is not None else ThrowawayServerError(line)


def read_server_log(folder: Path) -> bytes:
    """What the server has said; nothing when it never came so far."""
    try:
        return (folder / "error.log").read_bytes()
    except OSError:
        return b""


def read_log_problem(folder: Path) -> str:
    """The first error in the server's log, or its last line."""
    lines = read_server_log(folder).decode(errors="replace").splitlines()
    errors = [line for line in lines if "[ERROR]" in line]
    return errors[0] if errors else (lines[-1] if lines else "")


def shut_down(server: Throwaway, job: Job) -> None:
    """Stop the server cleanly, so that its files are one state. Raises ``TimedOutError``."""
    server.child.terminate()
    wait_for(server.child, job, timeout=_STOP_SECONDS)


def install_database(folder: Path, identity: Identity, job: Job, variables: Mapping[str, Any]) -> Path:
    """Make a fresh data folder with system tables in ``folder`` and return it."""
    datadir = make_private_folder(folder / "data", identity)
    command = [
        "mariadb-install-db",
        "--no-defaults",
        f"--datadir={datadir}",
        f"--tmpdir={datadir}",
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
        "--skip-name-resolve",
        *_variable_options({key: variables[key] for key in ("lower_case_table_names",) if key in variables}),
    ]
    log_path = job.work_dir / "install.log"
    with (
        log_path.open("wb") as log,
        running_child(command, job, Streams(stdout=log, stderr=log), identity=identity) as child,
    ):
        status = wait_for(child, job, timeout=_START_SECONDS)
    if status != 0:
        raise ThrowawayServerError(log_path.read_text(errors="replace").strip()[-300:])
    return datadir
