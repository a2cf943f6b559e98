"""A server under ``restart: always``, a client that commits all the time, and restores that are killed."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import MySQLdb
from waiting import wait_until

from backups.domain.restore.gates import GATES, _is_locked, is_served
from backups.domain.restore.journal import list_stage_folders
from backups.domain.restore.undo import release
from demo.server import PracticeServer, own_tree, short_folder

ROOT = Path(__file__).parents[1]
DATABASE = "elexisoob"
ENGINES = ("InnoDB", "MyISAM", "Aria")
LABELS = ("first", "second")
OPTIONS = ("--innodb-log-file-size=4M", "--innodb-buffer-pool-size=8M", "--skip-log-bin", "--innodb-undo-tablespaces=0")

KILLER = """
import logging, os, signal, sys
class Killer(logging.Handler):
    left = int(os.environ.get("KILL_AT", "-1"))
    def emit(self, record):
        print(record.getMessage(), file=sys.stderr, flush=True)
        if Killer.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        Killer.left -= 1
log = logging.getLogger("backups.domain.restore")
log.setLevel(logging.INFO)
log.addHandler(Killer())
"""
TOOLS = (
    KILLER
    + """
import shutil
from datetime import UTC, datetime
from pathlib import Path
from backups.domain.job import Job
from backups.domain.mariadb.server import Access
from backups.domain.restore.journal import Kind
from backups.domain.restore.settle import restoring
from backups.domain.restore.startup import StartUp, ask_to_stop, require_started
from backups.domain.restore.swap import Hands, swap_datadir
from backups.domain.restore.undo import complete_datadir, undo_datadir
from demo.server import own_tree
target, source, work, socket, table = sys.argv[1:6]
target, job = Path(target), Job("0123456789ab", Path(work))
access = Access("", 0, "oob_backup", "sicherung", "elexisoob", socket=socket)
expected = {"core": {}, "tables": {table: 1}}
startup = StartUp(target, access, expected, expected)
hands = Hands(stop=lambda: ask_to_stop(access), test=lambda job: require_started(startup, job))
"""
)
RESTORE = (
    TOOLS
    + """
with restoring(target, "x1", Kind.MARIADB, datetime.now(UTC)) as stage:
    shutil.copytree(source, stage.new_dir, dirs_exist_ok=True)
    if os.geteuid() == 0:
        own_tree(stage.new_dir, 999, 999)
    print("staged", flush=True)
    print(swap_datadir(stage, hands, job).seconds, flush=True)
"""
)
UNDO = TOOLS + 'undo_datadir(target, "x1", hands, job)'
COMPLETE = TOOLS + 'complete_datadir(target, "x1", hands, job)'
#: Any `manage.py` that kills itself before its step ``KILL_AT``.
MANAGE = KILLER + "import manage\nsys.argv = ['manage.py', *sys.argv[1:]]\nmanage.main()"
RECOVER = KILLER + "from backups.domain.restore.recover import main\nsys.exit(main(sys.argv[1:]))"


def start_restore(server: RestartingServer, label: str, *, kill_at: int = -1, table: str = "innodb_rows"):
    """Start a restore of the data ``label``; it kills itself before its step ``kill_at``. The start-up test looks for
    ``table``."""
    return _start(RESTORE, kill_at, server.datadir, server.templates[label], server.folder, server.socket, table)


def start_undo(server: RestartingServer, *, kill_at: int = -1):
    """Put the old data back."""
    return _start(UNDO, kill_at, server.datadir, "-", server.folder, server.socket, "innodb_rows")


def complete(server: RestartingServer, *, table: str = "innodb_rows") -> int:
    """Test what a recovery has left untested; the exit code."""
    return end_of(_start(COMPLETE, -1, server.datadir, "-", server.folder, server.socket, table))[0]


def start_recovery(datadir: Path, *, kill_at: int = -1) -> subprocess.Popen[str]:
    return _start(RECOVER, kill_at, datadir)


def _start(code: str, kill_at: int, *arguments) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"KILL_AT": str(kill_at)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end_of(child: subprocess.Popen[str]) -> tuple[int, list[str]]:
    """Exit code of a child and the steps that it announced."""
    out, err = child.communicate()
    child.out = out
    return child.returncode, err.splitlines()


class RestartingServer:
    """Runs mariadbd on ``datadir`` in a loop until `stop`; ``templates`` are two data folders, first and second."""

    def __init__(self, folder: Path, programs: Path | None = None) -> None:
        self.folder = folder
        datadir = folder / "mnt" / "elexisdb"
        self.practice = PracticeServer(folder, datadir=datadir, options=OPTIONS, programs=programs)
        self.datadir = self.practice.datadir
        self.socket = self.practice.socket
        self.templates = {label: folder / label for label in LABELS}
        self.was_killed = False
        self._loop: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """Make both data folders; the live one is the first."""
        with self.practice:
            self._make_accounts()
            self._sql(f"CREATE DATABASE {DATABASE}")
            for engine in ENGINES:
                name = engine.lower()
                self._sql(f"CREATE TABLE {DATABASE}.{name}_rows (n BIGINT PRIMARY KEY) ENGINE={engine}")
                self._sql(f"CREATE TABLE {DATABASE}.{name}_label (label VARCHAR(20)) ENGINE={engine}")
                self._sql(f"INSERT INTO {DATABASE}.{name}_label VALUES ('first')")
            self._sql("CREATE DATABASE only_first")
        self._keep("first")
        with self.practice:
            for engine in ENGINES:
                self._sql(f"UPDATE {DATABASE}.{engine.lower()}_label SET label = 'second'")
            self._sql("DROP DATABASE only_first")
            self._sql("CREATE DATABASE only_second")
        self._keep("second")
        shutil.rmtree(self.datadir)
        shutil.copytree(self.templates["first"], self.datadir)
        self._own(self.datadir)

    def _make_accounts(self) -> None:
        rights = ("RELOAD", "PROCESS", "LOCK TABLES", "REPLICATION CLIENT", "SHUTDOWN")
        self.practice.create_accounts(DATABASE, rights=rights, database_rights=("ALL",))
        for host in ("%", "localhost"):
            self._sql(rf"GRANT ALL ON `oob\_%`.* TO '{self.practice.backup_user}'@'{host}'")

    def _sql(self, statement: str) -> None:
        with contextlib.closing(self.practice.connect()) as conn:
            conn.query(statement)

    def _keep(self, label: str) -> None:
        shutil.copytree(self.datadir, self.templates[label])

    def _own(self, path: Path) -> None:
        if os.geteuid() == 0:
            own_tree(path, self.practice.uid, self.practice.gid)

    def start(self) -> None:
        self.practice._make_folders()
        command = shlex.join([str(word) for word in [*self.practice._as_server_user(), *self.practice._command()]])
        script = f"while :; do {command}; sleep 0.05; done"
        quiet = subprocess.DEVNULL
        self._loop = subprocess.Popen(
            ["bash", "-c", script], stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
        )

    def stop(self) -> None:
        """End the loop and the server in it."""
        if self._loop is not None:
            self._loop.kill()
            self._loop.wait()
            wait_until(lambda: not any(_is_locked(self.datadir / name) for name in GATES))  # it lets go one by one
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._loop.pid, signal.SIGKILL)
            self._loop = None

    def kill_server(self) -> None:
        """SIGKILL to the server; the loop starts another."""
        pid = int(self.practice.pid_file.read_text())
        os.kill(pid, signal.SIGKILL)
        self.was_killed = True

    def connect(self):
        return self.practice.connect()

    def wait(self) -> None:
        """Wait until a server answers on the live files."""
        wait_until(lambda: is_served(self.datadir) and self._answers())

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except MySQLdb.Error:
            return False
        return True

    def label(self) -> str:
        """Which data are live, all engines and the databases agreeing; all tables are checked."""
        with contextlib.closing(self.connect()) as conn:
            seen = see(conn)
            assert seen in KNOWN, seen
            assert check_tables(conn, was_killed=self.was_killed) == []
        return seen[0]

    def rows(self, engine: str) -> set[int]:
        with contextlib.closing(self.connect()) as conn, conn.cursor() as cursor:
            cursor.execute(f"SELECT n FROM {DATABASE}.{engine.lower()}_rows")
            return {n for (n,) in cursor.fetchall()}


KNOWN = {(label, label, label, f"only_{label}") for label in LABELS}


def see(conn) -> tuple[str, ...]:
    """The label in each engine, and the databases that only one of the two has."""
    with conn.cursor() as cursor:
        labels = []
        for engine in ENGINES:
            cursor.execute(f"SELECT label FROM {DATABASE}.{engine.lower()}_label")
            labels += [label for (label,) in cursor.fetchall()]
        cursor.execute("SHOW DATABASES")
        names = {name for (name,) in cursor.fetchall()}
    unknown = names - {DATABASE, "mysql", "sys", "information_schema", "performance_schema"}
    return (*labels, *sorted(unknown))


def check_tables(conn, *, was_killed: bool = False) -> list[tuple]:
    """What CHECK TABLE complains of; after a server was killed MyISAM and Aria warn that they were not closed."""
    names = [f"{DATABASE}.{engine.lower()}_{kind}" for engine in ENGINES for kind in ("rows", "label")]
    with conn.cursor() as cursor:
        cursor.execute(f"CHECK TABLE {', '.join(names)}, mysql.global_priv EXTENDED")
        found = [row[:4] for row in cursor.fetchall()]
    return [row for row in found if row[3] != "OK" and not (was_killed and row[2] == "warning")]


@dataclass
class Client:
    """Commits one row after the other in each engine; remembers what was acknowledged on which data, and what it
    saw that was neither the one nor the other."""

    server: RestartingServer
    acknowledged: dict[str, dict[str, set[int]]] = field(default_factory=dict)
    mixes: list[tuple] = field(default_factory=list)
    looks: int = 0
    commits: int = 0
    _n: int = 0
    _end: threading.Event = field(default_factory=threading.Event)

    def forget(self, label: str) -> None:
        self.acknowledged[label] = {engine: set() for engine in ENGINES}

    def run(self) -> None:
        while not self._end.is_set():
            with contextlib.suppress(MySQLdb.Error):
                self._work()
            time.sleep(0.01)

    def _work(self) -> None:
        with contextlib.closing(self.server.connect()) as conn:
            while not self._end.is_set():
                seen = see(conn)
                self.looks += 1
                if seen not in KNOWN:
                    self.mixes.append(seen)
                    return
                self._commit(conn, self.acknowledged[seen[0]])
                time.sleep(0.005)

    def _commit(self, conn, acknowledged: dict[str, set[int]]) -> None:
        self._n += 1
        for engine in ENGINES:
            conn.query(f"INSERT INTO {DATABASE}.{engine.lower()}_rows VALUES ({self._n})")
            acknowledged[engine].add(self._n)
            self.commits += 1

    @contextlib.contextmanager
    def working(self):
        for label in LABELS:
            self.forget(label)
        thread = threading.Thread(target=self.run)
        thread.start()
        try:
            yield self
        finally:
            self._end.set()
            thread.join()

    def lost(self, label: str) -> dict[str, set[int]]:
        """Acknowledged commits that are not there."""
        known = {engine: set(rows) for engine, rows in self.acknowledged[label].items()}
        found = {engine: known[engine] - self.server.rows(engine) for engine in ENGINES}
        return {engine: rows for engine, rows in found.items() if rows}


def stages(datadir: Path) -> list[str]:
    return [path.name for path in list_stage_folders(datadir)]


@contextlib.contextmanager
def restarting_server(programs: Path | None = None):
    with short_folder("oobx-") as folder:
        server = RestartingServer(folder, programs)
        server.prepare()
        server.start()
        try:
            server.wait()
            yield server
        finally:
            server.stop()


# --- kills --------------------------------------------------------------------------------------------------
@dataclass
class Trial:
    """One restore of the other data that is killed, and recoveries that are killed too; then all must be well."""

    server: RestartingServer
    client: Client
    recoveries_killed: int = 0
    counts_commits: bool = True

    def kill_at_step(self, step: int, recovery_steps: tuple[int, ...] = ()) -> bool:
        """Kill a restore before its step ``step``, each recovery before its own; whether the restore was killed."""
        before, after = self._begin()
        return self._judge(start_restore(self.server, after, kill_at=step), before, after, recovery_steps)

    def kill_after(self, seconds: float, recovery_steps: tuple[int, ...] = (), *, and_server: float = 0) -> bool:
        """Kill a restore so many seconds after it has staged its data, and the server before, when that is said."""
        before, after = self._begin()
        child = start_restore(self.server, after)
        assert child.stdout.readline() == "staged\n"
        if and_server:
            time.sleep(min(and_server, seconds))
            with contextlib.suppress(OSError, ValueError):
                self.server.kill_server()
        time.sleep(max(seconds - and_server, 0))
        child.kill()
        return self._judge(child, before, after, recovery_steps)

    def kill_roll_back_at_step(self, step: int) -> bool:
        """Restore data that fail the start-up test and kill that; in the end the old data are back."""
        before, after = self._begin()
        code, steps = end_of(start_restore(self.server, after, kill_at=step, table="nobody_has_it"))
        assert code == -signal.SIGKILL or "RolledBackError" in steps[-1]
        self._recover()
        if stages(self.server.datadir):
            assert complete(self.server, table="nobody_has_it") == 1
        self._require_whole(before, after, False)
        return code != 1

    def kill_undo_at_step(self, step: int) -> bool:
        """Restore the other data and kill the undo, which is begun again when it was given up."""
        before, after = self._begin()
        assert end_of(start_restore(self.server, after))[0] == 0
        code, steps = end_of(start_undo(self.server, kill_at=step))
        assert code in (0, -signal.SIGKILL), steps
        self._recover()
        if self.server.label() == after:
            assert self.client.lost(after) == {}
            assert end_of(start_undo(self.server))[0] == 0
            self.server.wait()
        release(self.server.datadir, "x1")
        self._require_whole(before, after, False)
        return code != 0

    def _recover(self) -> None:
        code, said = end_of(start_recovery(self.server.datadir))
        assert code == 0, said
        self.server.wait()

    def _begin(self) -> tuple[str, str]:
        self.server.wait()
        before = self.server.label()
        after = LABELS[before == LABELS[0]]
        self.client.forget(after)
        return before, after

    def _judge(self, child, before: str, after: str, recovery_steps: tuple[int, ...]) -> bool:
        code, steps = end_of(child)
        assert code in (0, -signal.SIGKILL), steps
        for step in recovery_steps:
            killed, _ = end_of(start_recovery(self.server.datadir, kill_at=step))
            self.recoveries_killed += killed == -signal.SIGKILL
        self._recover()
        self._require_whole(before, after, is_committed(steps, code))
        return code != 0

    def _require_whole(self, before: str, after: str, committed: bool | None) -> None:
        self.server.wait()
        found = self.server.label()
        assert self.client.mixes == []
        assert committed is None or found == (after if committed else before)
        if found == before:
            assert not self.counts_commits or self.client.lost(before) == {}
            assert self.client.lost(before).get("InnoDB", set()) == set()
            assert stages(self.server.datadir) == []
        else:
            release(self.server.datadir, "x1")
        assert sorted(path.name for path in self.server.datadir.iterdir() if path.name.startswith("#")) == []


def is_committed(steps: list[str], code: int) -> bool | None:
    """Whether the journal came to its commit point; None when the kill was at just that moment."""
    commit = next((number for number, step in enumerate(steps) if step.endswith("forward committed")), None)
    if commit is None:
        return False
    return None if commit == len(steps) - 1 and code != 0 else True
