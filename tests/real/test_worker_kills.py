"""SIGKILL of each kind of process of a real worker in the middle of a run, and what is said and done then."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from foldersite import new_site, random_bytes
from holding import end_all
from realsite import archives_in, is_alive, leftovers, names_of, own_children
from waiting import wait_for_answer, wait_until

SCHEDULE = """
from datetime import timedelta
from django.utils import timezone
from backups.models import BackupSchedule
now = timezone.localtime()
BackupSchedule.objects.create(name="Nightly", minute=str(now.minute), hour=str(now.hour), is_proved=False,
                              checked_until=timezone.now() - timedelta(minutes=2))
"""
AGE = """
from datetime import timedelta
from django.db.models import F
from backups.models import BackupRun
BackupRun.objects.filter(state="running").update(heartbeat_at=F("heartbeat_at") - timedelta(minutes=3))
BackupRun.objects.filter(state="queued").update(requested_at=F("requested_at") - timedelta(minutes=6))
"""
BACKUP = "from oobsite.accounts.actors import system_actor as s; from backups.services import *; request_backup(s())"
ALERTS = """
from oobsite.alerts.models import Alert
print(*(f"{alert.code}:{'open' if alert.is_open else 'over'}" for alert in Alert.objects.all()))
"""
SCREEN = """
from django.conf import settings
settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
from django.test import Client
from oobsite.accounts.models import User
user = User.objects.filter(username="leser").first() or User.objects.create_user("leser", password="x")
client = Client(); client.force_login(user); print(client.get("/", headers={"host": "localhost"}).content.decode())
"""
TAR = shutil.which("tar")
#: The worker as it is, but it looks for queues that hang every twenty seconds instead of every five minutes.
HASTY = """
import os, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = "oobsite.settings"
django.setup()
import manage
import oobsite.management.commands.worker as worker
worker._LOOK_SECONDS = 20
sys.argv = ["manage.py", "worker", "--json"]
manage.main()
"""


@pytest.fixture
def place(folder, prepared):
    """An installation whose tar hangs as long as the file `hang` is there."""
    place = new_site(folder, prepared)
    place.fill(random_bytes(1))
    (folder / "bin").mkdir()
    (folder / "hang").touch()
    (folder / "bin" / "tar").write_text(f'#!/bin/sh\n[ -e {folder}/hang ] && exec sleep 600\nexec {TAR} "$@"\n')
    (folder / "bin" / "tar").chmod(0o755)
    place.environment["PATH"] = f"{folder}/bin:{os.environ['PATH']}"
    return place


@pytest.fixture
def running(place):
    """A worker in the middle of the backup of a schedule; it is gone afterwards with all its processes."""
    place.shell(SCHEDULE)
    with working(place, [sys.executable, "manage.py", "worker", "--json"]) as child:
        place.run("tick")
        wait_until(lambda: hangs(place))
        yield child


def hangs(place) -> bool:
    return "sleep" in names_of(own_children(place.last_run("uid")))


@contextlib.contextmanager
def working(place, command):
    pipe, quiet = subprocess.PIPE, subprocess.DEVNULL
    root = Path(__file__).parents[2]
    child = subprocess.Popen(command, cwd=root, env=place.environment, stdout=pipe, stderr=quiet, text=True)
    try:
        yield child
    finally:
        queues = queues_of(child.pid).values()
        end_all([child])
        for pid in queues:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)


def children_of(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def queues_of(pid: int) -> dict[str, int]:
    """The parent of each queue by its name."""
    found = {}
    for child in children_of(pid):
        with contextlib.suppress(OSError):
            if b"qcluster" in Path(f"/proc/{child}/cmdline").read_bytes():
                texts = Path(f"/proc/{child}/environ").read_bytes().split(b"\0")
                found |= {text[15:].decode(): child for text in texts if text.startswith(b"Q_CLUSTER_NAME=")}
    return found


def pool_of(child: subprocess.Popen[str]) -> list[int]:
    """What the heavy queue consists of: its one worker, then the monitor and the pusher."""
    parent = queues_of(child.pid).get("heavy", 0)
    return [member for sentinel in children_of(parent) for member in children_of(sentinel)]


def is_idle(child: subprocess.Popen[str]) -> bool:
    """Whether the heavy queue's one worker waits for a job: it sleeps, and nothing wakes it."""
    pool = pool_of(child)
    before = sleep_of(pool[0]) if len(pool) == 3 else ""
    time.sleep(0.5)
    return bool(before) and pool_of(child) == pool and sleep_of(pool[0]) == before


def sleep_of(pid: int) -> str:
    """How often a sleeping process went to sleep; empty when it does not sleep."""
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text()
        return status.partition("\nvoluntary")[2] if "State:\tS" in status else ""
    return ""


def family_of(pid: int) -> list[int]:
    return [pid, *(member for child in children_of(pid) for member in family_of(child))]


def bury(place):
    """Two minutes later: the tick."""
    place.shell(AGE)
    return place.run("tick")[1]


def states(place) -> list[str]:
    return place.shell("print(*BackupRun.objects.order_by('pk').values_list('state', flat=True))").split()


def test_a_killed_pool_worker(place, running):
    """People are told, the run begins anew, and when it is done they are told that it is over."""
    uid = place.last_run("uid")
    (sentinel,) = children_of(queues_of(running.pid)["heavy"])
    (busy,) = [pid for pid in children_of(sentinel) if children_of(pid)]
    os.kill(busy, signal.SIGKILL)
    wait_for_answer(lambda: own_children(uid), [])
    assert states(place) == ["running"]
    (place.folder / "hang").unlink()
    answer = bury(place)
    assert (answer["interrupted"], answer["queued"]) == (1, 1)
    wait_for_answer(lambda: states(place), ["interrupted", "done"])
    assert len(archives_in(place.folder / "backup")) == 1
    assert leftovers(place.folder) == []
    wait_for_answer(lambda: place.shell(ALERTS).split(), ["run-interrupted:over"])


@pytest.mark.parametrize("who", ["parent", "sentinel"])
def test_a_killed_parent_or_sentinel_ends_the_worker_and_all_of_its_processes(place, running, who):
    heavy = queues_of(running.pid)["heavy"]
    family = family_of(running.pid)
    os.kill(heavy if who == "parent" else children_of(heavy)[0], signal.SIGKILL)
    assert '"died": ["heavy"]' in running.communicate()[0]
    assert running.returncode == 1
    wait_until(lambda: not any(map(is_alive, family)))
    (place.folder / "hang").unlink()
    bury(place)
    with working(place, [sys.executable, "manage.py", "worker", "--json"]):
        wait_until(lambda: states(place)[-1] == "done")
    assert (len(archives_in(place.folder / "backup")), leftovers(place.folder)) == (1, [])


def test_a_queue_that_hangs_is_noticed(place):
    """An idle process that is killed takes the lock of its queue with it (django-q2#23)."""
    with working(place, [sys.executable, "manage.py", "worker", "--json"]) as child:
        place.run("tick")
        wait_until(lambda: is_idle(child))
        os.kill(pool_of(child)[0], signal.SIGKILL)
        place.shell(BACKUP + AGE)
        assert place.run("checkworker")[0] == 1
        assert 'data-worker="stuck"' in place.shell(SCREEN)
        assert states(place) == ["queued"]


def test_a_queue_that_hangs_is_replaced_and_its_job_done(place):
    (place.folder / "hang").unlink()
    place.run("tick")
    with working(place, [sys.executable, "-c", HASTY]) as child:
        wait_until(lambda: is_idle(child))
        heavy = queues_of(child.pid)["heavy"]
        os.kill(pool_of(child)[0], signal.SIGKILL)
        place.shell(BACKUP + AGE)
        wait_until(lambda: queues_of(child.pid).get("heavy", heavy) != heavy)
        place.run("tick")
        wait_until(lambda: states(place)[0] == "done")


def test_a_worker_that_is_stopped_stops_its_job_when_the_grace_is_over(place):
    place.environment["OOB_STOP_GRACE_SECONDS"] = "0"
    place.shell(SCHEDULE)
    with working(place, [sys.executable, "manage.py", "worker", "--json"]) as child:
        place.run("tick")
        wait_until(lambda: hangs(place))
        child.terminate()
        assert child.communicate()[0].strip() == '{"ok": true, "died": []}'
    assert states(place) == ["interrupted"]
    assert leftovers(place.folder) == []
    assert place.run("tick")[1]["queued"] == 1


def test_a_run_that_is_cancelled_ends_within_five_seconds(place, running):
    uid = place.last_run("uid")
    with contextlib.closing(sqlite3.connect(place.folder / "data" / "oobsite.sqlite3")) as database, database:
        database.execute("UPDATE backups_backuprun SET is_cancel_requested = 1")
    begin = time.monotonic()
    wait_for_answer(lambda: own_children(uid), [])
    assert time.monotonic() - begin < 5
    wait_for_answer(lambda: place.last_run("state"), "interrupted")
    assert place.run("tick")[1]["queued"] == 0
