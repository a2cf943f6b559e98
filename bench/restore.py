"""A restore: unpacking beside the live data against tar and igzip, and how long the database is away."""

from __future__ import annotations

import itertools
import shlex
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import MySQLdb

from backups.domain.job import Job
from backups.domain.mariadb.server import Access
from backups.domain.restore.gates import is_served
from backups.domain.restore.journal import Kind
from backups.domain.restore.settle import restoring
from backups.domain.restore.startup import StartUp, ask_to_stop, require_started
from backups.domain.restore.swap import Hands, swap_datadir
from bench.cases import wall_row
from bench.data import build_mixture
from bench.engine import facts_path, part_path
from bench.hot import fill
from bench.measure import Side, compare, engine, run, say, shell, warm
from bench.report import Row
from demo.server import PracticeServer, own_tree, short_folder

GB = 10**9
GOAL_SECONDS = 2
_DATABASE_BYTES = 100 * 10**6
_RIGHTS = ("RELOAD", "PROCESS", "LOCK TABLES", "REPLICATION CLIENT", "SHUTDOWN")
_BY_HAND = 'mkdir "$2"; igzip -dc "$1" | tar xf - -C "$2"; sync -f "$2"'


def compare_staging(work: Path) -> list[Row]:
    """Both unpack the same archive of one gigabyte and sync."""
    folder, archive = work / "staging", work / "staging.tar.gz"
    say("Making and packing 1 GB of data")
    build_mixture(folder, GB)
    warm(folder)
    run(Side(engine("pack", folder, archive)))
    shutil.rmtree(folder)
    part, theirs = part_path(archive), work / "by-hand-restored"
    samples = compare(
        {
            "oobsite": Side(engine("stage", archive, folder), leftovers=[folder]),
            "igzip | tar x": Side(shell(_BY_HAND, part, theirs), leftovers=[theirs]),
        }
    )
    for path in (part, facts_path(archive)):
        path.unlink()
    title = "restore of 1 GB, staging, wall, against igzip | tar x"
    return [wall_row("restore_wall_vs_tar_igzip", title, samples, "igzip | tar x")]


def measure_downtime(work: Path) -> list[Row]:
    """The database is exchanged under a server that something restarts, while a client asks all the time."""
    with short_folder("oobsite-bench-") as folder, PracticeServer(folder) as server:
        say("Making a database of 100 MB")
        fill(server, _DATABASE_BYTES)
        server.create_accounts("elexisoob", rights=_RIGHTS, database_rights=("ALL",))
        server.stop()
        copy = shutil.copytree(server.datadir, folder / "copy")
        own_start = _time_start(server)
        server.stop()
        with _restarted(server):
            away = _exchange(server, copy, Job("bench", work))
    say(f"  away {away:.2f} s, of which the server's own start takes {own_start:.2f} s")
    return [Row("downtime_seconds", "restore, database away", away, None, round(GOAL_SECONDS + own_start, 2), "s")]


def _time_start(server: PracticeServer) -> float:
    started = time.monotonic()
    server.start()
    return time.monotonic() - started


@contextmanager
def _restarted(server: PracticeServer) -> Iterator[None]:
    """What Docker does with ``restart: always``. The server ends with its parent."""
    server._make_folders()
    command = shlex.join(map(str, [*server._as_server_user(), *server._command()]))
    script = f"while :; do {command}; sleep 0.1; done"
    loop = subprocess.Popen(["bash", "-c", script], stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        yield
    finally:
        loop.kill()
        loop.wait()
        while is_served(server.datadir):
            time.sleep(0.05)


def _exchange(server: PracticeServer, copy: Path, job: Job) -> float:
    """Exchange the data for a copy; return the longest time between two answers, in seconds."""
    access = Access("", 0, server.backup_user, server.backup_password, "elexisoob", socket=str(server.socket))
    startup = StartUp(server.datadir, access, seconds=60)
    hands = Hands(stop=lambda: ask_to_stop(access), test=lambda job: require_started(startup, job))
    require_started(startup, job)
    with restoring(server.datadir, "bench", Kind.MARIADB, datetime.now(UTC)) as stage:
        shutil.copytree(copy, stage.new_dir, dirs_exist_ok=True)
        own_tree(stage.new_dir, server.uid, server.gid)
        with _asking(server) as answers:
            swap_datadir(stage, hands, job)
    return max(later - earlier for earlier, later in itertools.pairwise(answers))


@contextmanager
def _asking(server: PracticeServer) -> Iterator[list[float]]:
    """Times of the answers to a client that connects and asks without a pause."""
    answers: list[float] = []
    is_over = threading.Event()

    def ask() -> None:
        while not is_over.is_set():
            try:
                with closing(server.connect()) as conn:
                    conn.query("DO 1")
                answers.append(time.monotonic())
            except MySQLdb.Error:
                pass
            time.sleep(0.002)

    client = threading.Thread(target=ask)
    client.start()
    try:
        time.sleep(0.2)
        yield answers
        time.sleep(0.2)
    finally:
        is_over.set()
        client.join()
