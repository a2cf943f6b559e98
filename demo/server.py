"""A throw-away MariaDB of a practice: a real server in a folder of its own, without network.

It is as durable as a practice's server while it runs: InnoDB flushes its log at every commit.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import MySQLdb
from MySQLdb.connections import Connection

from demo.child import Child

OFFICIAL_UID = 999
"""User and group of the server in the official image; mariadbd refuses to run as root."""

SOCKET_PATH_LIMIT = 107
"""Longest path of a Unix socket, in bytes."""

BACKUP_RIGHTS = ("RELOAD", "PROCESS", "LOCK TABLES", "REPLICATION CLIENT")
"""Global rights of the backup account. REPLICATION CLIENT is known to every version since 10.3."""

DATABASE_RIGHTS = ("SELECT", "SHOW VIEW", "TRIGGER", "EVENT")
"""Rights of the backup account on the practice's database, for a dump and for counting."""

SERVER_OPTIONS = (
    "--skip-networking",
    "--character-set-server=utf8mb4",
    "--innodb-flush-log-at-trx-commit=1",
    "--innodb-log-file-size=96M",
    "--innodb-buffer-pool-size=64M",
    "--key-buffer-size=8M",
    "--aria-pagecache-buffer-size=8M",
    "--performance-schema=OFF",
)


class PracticeServerError(RuntimeError):
    """The practice's server cannot be made or started; the text holds the end of its error log."""


@contextlib.contextmanager
def short_folder(prefix: str = "practice-") -> Iterator[Path]:
    """Make a short folder in /tmp that the server's user can enter, and remove it with all it holds.

    pytest's ``tmp_path`` does not serve when the tests run as root: only root can enter it.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def own_tree(path: Path, uid: int, gid: int) -> None:
    """Give a folder and everything below it to `uid` and `gid`; links are not followed."""
    os.chown(path, uid, gid, follow_symlinks=False)
    for folder, names, files in os.walk(path):
        for name in names + files:
            os.chown(Path(folder) / name, uid, gid, follow_symlinks=False)


class PracticeServer(Child):
    """The MariaDB server of a practice, running as long as the ``with`` block.

    `folder` is made when it is missing and must be one that the server's user can enter (see
    `short_folder`). An empty `datadir` is installed, with an administrator ``root`` without password.
    Started by root, the server runs as user and group 999, and a data folder made here belongs to them; one
    that holds files keeps its owners. `options` are options of mariadbd and win over those set here, so
    ``("--skip-networking=0", "--port=3310")`` opens a port. The server ends when the *thread* that started
    it ends.
    """

    app_user = "elexisuser"
    app_password = "elexis"  # noqa: S105  a practice that does not exist
    backup_user = "oob_backup"
    backup_password = "sicherung"  # noqa: S105

    def __init__(
        self,
        folder: Path,
        *,
        options: Sequence[str] = (),
        lower_case_table_names: int = 1,
        datadir: Path | None = None,
        programs: Path | None = None,
    ) -> None:
        """Remember where things lie; nothing is made before `start`. `programs`: a folder with another version."""
        self.folder = folder.absolute()
        self.datadir = (datadir or self.folder / "elexisdb").absolute()
        self.run_dir = _run_dir(self.folder)
        self.socket = self.run_dir / "mariadb.sock"
        self.pid_file = self.run_dir / "mariadb.pid"
        self.error_log = self.folder / "mariadb.err"
        self.uid, self.gid = (OFFICIAL_UID, OFFICIAL_UID) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
        self._path = f"{programs or ''}:{os.environ.get('PATH', '')}:/usr/sbin".removeprefix(":")
        self._options = (*SERVER_OPTIONS, f"--lower-case-table-names={lower_case_table_names}", *options)

    @property
    def pid(self) -> int | None:
        """Process id of the running server, which is also its session; None when it is stopped."""
        return self._process.pid if self._process and self.is_running else None

    def start(self, timeout_seconds: float = 60) -> None:
        """Start the server, install its data folder when that is empty, and wait until it answers SQL.

        Raises `PracticeServerError` when it ends or stays silent longer than `timeout_seconds`.
        """
        if self.is_running:
            return
        if self.socket.exists() and self._answers():
            raise PracticeServerError(f"Another server runs in {self.folder}.")
        self._make_folders()
        if not any(self.datadir.iterdir()):
            self._install()
        self._process = subprocess.Popen(
            [*self._as_server_user(), *self._command()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            self._wait_for_sql(timeout_seconds)
        except BaseException:
            self.kill()
            raise

    def stop(self, timeout_seconds: float = 60) -> None:
        """Shut the server down cleanly; kill it when that takes longer than `timeout_seconds`."""
        if self._process and self.is_running:
            self._process.terminate()
            try:
                self._process.wait(timeout_seconds)
            except subprocess.TimeoutExpired:
                self.kill()
                raise PracticeServerError(
                    f"The server did not stop in {timeout_seconds} s.{self._log_tail()}"
                ) from None
        self._forget()

    def kill(self) -> None:
        """End the server at once (SIGKILL), as a power failure of the server program would."""
        if self._process and self.is_running:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
        self._forget()

    def connect(self, database: str | None = None, user: str = "root", password: str = "") -> Connection:
        """Open a connection with autocommit and utf8mb4; the caller closes it."""
        chosen = {"database": database} if database else {}
        return MySQLdb.connect(
            unix_socket=str(self.socket),
            user=user,
            password=password,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=10,
            **chosen,
        )

    def create_accounts(
        self,
        database: str = "elexisoob",
        *,
        rights: Sequence[str] = BACKUP_RIGHTS,
        database_rights: Sequence[str] = DATABASE_RIGHTS,
    ) -> None:
        """Create Elexis' own account and the backup account, replacing older ones.

        `rights` are the global rights of the backup account and `database_rights` those on `database` (with
        SELECT on mysql.proc); either may be shortened to try what happens when a right is missing.
        """
        statements = [
            *_create_user(self.app_user, self.app_password, [f"ALL PRIVILEGES ON `{database}`.*"]),
            *_create_user(self.backup_user, self.backup_password, _backup_grants(database, rights, database_rights)),
        ]
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def allow_restores(self, database: str = "elexisoob") -> None:
        """Give the backup account what `manage.py dbgrants --restore` asks for."""
        grants = ["SHUTDOWN ON *.*", f"ALL ON `{database}`.*", r"ALL ON `oob\_%`.*"]
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            for host in ("%", "localhost"):
                for grant in grants:
                    cursor.execute(f"GRANT {grant} TO '{self.backup_user}'@'{host}'")

    def _make_folders(self) -> None:
        """Make the folders that are missing and give them, and the log, to the server's user."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.datadir.exists():
            self.datadir.mkdir(parents=True, mode=0o755)
            os.chown(self.datadir, self.uid, self.gid)
        self.run_dir.mkdir(mode=0o700, exist_ok=self.run_dir.parent == self.folder)
        self.error_log.touch(mode=0o640)
        for path in (self.run_dir, self.error_log):
            os.chown(path, self.uid, self.gid)
        if subprocess.run([*self._as_server_user(), "test", "-w", self.datadir], check=False).returncode:
            self._forget()
            raise PracticeServerError(f"User {self.uid} of the server cannot enter and write {self.datadir}.")

    def _install(self) -> None:
        """Fill the empty data folder with the system tables."""
        own_tree(self.datadir, self.uid, self.gid)
        shaping = [option for option in self._options if option.startswith(("--innodb", "--lower"))]
        command = [
            self._find("mariadb-install-db"),
            "--no-defaults",
            f"--datadir={self.datadir}",
            f"--tmpdir={self.run_dir}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
            *shaping,
        ]
        done = subprocess.run(
            [*self._as_server_user(), *command], stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        if done.returncode:
            self._forget()
            said = (done.stdout + done.stderr).decode(errors="replace")[-2000:]
            raise PracticeServerError(f"mariadb-install-db failed in {self.datadir}:\n{said}")

    def _as_server_user(self) -> list[str]:
        """Return the words before a command that make it run as the server's user and end with its parent."""
        drop = [f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"] if os.geteuid() == 0 else []
        return ["setpriv", *drop, "--pdeathsig", "TERM", "--"]

    def _command(self) -> list[str]:
        """Return the command line of the server."""
        return [
            self._find("mariadbd"),
            "--no-defaults",
            f"--datadir={self.datadir}",
            f"--socket={self.socket}",
            f"--pid-file={self.pid_file}",
            f"--log-error={self.error_log}",
            # Of its own: a server that starts removes the temporary tables of others from the common one.
            f"--tmpdir={self.run_dir}",
            *self._options,
        ]

    def _find(self, program: str) -> str:
        return shutil.which(program, path=self._path) or program

    def _wait_for_sql(self, timeout_seconds: float) -> None:
        """Wait until the server accepts a connection."""
        end = time.monotonic() + timeout_seconds
        while time.monotonic() < end:
            if not self.is_running:
                raise PracticeServerError(f"The server ended while it started.{self._log_tail()}")
            if self._answers():
                return
            time.sleep(0.02)
        raise PracticeServerError(f"The server gave no answer in {timeout_seconds} s.{self._log_tail()}")

    def _answers(self) -> bool:
        """Tell whether the server speaks; a refused password is an answer too."""
        try:
            self.connect().close()
        except MySQLdb.OperationalError as error:
            return bool(error.args[0] == _ACCESS_DENIED)
        return True

    def _log_tail(self) -> str:
        """Return the last lines of the error log, to be put behind a message."""
        lines = self.error_log.read_text(errors="replace").splitlines() if self.error_log.exists() else []
        return "\n".join(["", f"End of {self.error_log}:", *lines[-20:]])

    def _forget(self) -> None:
        """Forget the process and remove its socket folder."""
        self._process = None
        shutil.rmtree(self.run_dir, ignore_errors=True)


_ACCESS_DENIED = 1045


def _run_dir(folder: Path) -> Path:
    """Return the folder of socket and pid file: below `folder`, or in /tmp when that path is too long."""
    near = folder / "run"
    if len(os.fsencode(near / "mariadb.sock")) <= SOCKET_PATH_LIMIT:
        return near
    return Path("/tmp") / f"practice-{secrets.token_hex(8)}"  # noqa: S108  made with mode 0700, never reused


def _backup_grants(database: str, rights: Sequence[str], database_rights: Sequence[str]) -> list[str]:
    """Return what the backup account is granted, as ``rights ON object``."""
    grants = [f"{', '.join(rights)} ON *.*"] if rights else []
    if database_rights:
        grants += [f"{', '.join(database_rights)} ON `{database}`.*", "SELECT ON mysql.proc"]
    return grants


def _create_user(user: str, password: str, grants: Sequence[str]) -> list[str]:
    """Return the statements that make `user` for the network and for localhost with the same grants."""
    statements = []
    for account in (f"'{user}'@'%'", f"'{user}'@'localhost'"):
        statements.append(f"CREATE OR REPLACE USER {account} IDENTIFIED BY '{password}'")
        statements += [f"GRANT {grant} TO {account}" for grant in grants]
    return statements
