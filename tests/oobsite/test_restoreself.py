"""Users, settings and keys come back from the archive of oobsite itself; each command is a process of its own."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from realsite import ROOT, installation_environment, repack

from oobsite.keys import FIELD_KEYS_NAME, RECOVERY_NAME, SECRET_KEY_NAME, load_recovery_key, unwrap

WHOLE = ("secret.key", "field.keys")
PLANT = """
from datetime import timedelta
from allauth.mfa.models import Authenticator
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from django_q.models import OrmQ
from backups.models import BackupRun, Source
from oobsite.accounts.models import User
from oobsite.crypto import encrypt
owner = User.objects.create_superuser("anna", password="only-for-this-test")
Authenticator.objects.create(user=owner, type="totp", data={"secret": encrypt("TOTPSECRET")})
store = SessionStore(); store["_auth_user_id"] = str(owner.pk); store.create()
OrmQ.objects.create(key="oobsite", payload="x", lock=timezone.now())
BackupRun.objects.create(trigger="screen", state="running", started_at=timezone.now())
Source.objects.filter(name="oobsite").update(title="Eigene Daten, umbenannt")
"""
LOOK = """
import json
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django_q.models import OrmQ
from backups.models import BackupArchive, BackupRun, Source
from oobsite.accounts.models import User
from oobsite.audit.verifying import check_chain
from oobsite.crypto import decrypt
print(json.dumps({
    "password": User.objects.get(username="anna").check_password("only-for-this-test"),
    "totp": decrypt(Authenticator.objects.get().data["secret"]),
    "title": Source.objects.get(name="oobsite").title,
    "sessions": Session.objects.count(),
    "queue": OrmQ.objects.count(),
    "open": BackupRun.objects.filter(state__in=BackupRun.OPEN_STATES).count(),
    "interrupted": BackupRun.objects.filter(state="interrupted").exists(),
    "archives": BackupArchive.objects.count(),
    "chain": check_chain().problem,
}))
"""
BACK = {
    "password": True,
    "totp": "TOTPSECRET",
    "title": "Eigene Daten, umbenannt",
    "sessions": 0,
    "queue": 0,
    "open": 0,
    "interrupted": True,
    "archives": 1,
    "chain": "",
}
KILLED_AT = """
import os, signal, sys
import django
django.setup()
from django.core.management import call_command
from oobsite import selfrestore
name, when, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
real, calls = getattr(selfrestore, name), []
def step(*args, **kwargs):
    calls.append(1)
    if when == "before" and len(calls) == count:
        os.kill(os.getpid(), signal.SIGKILL)
    result = real(*args, **kwargs)
    if len(calls) == count:
        os.kill(os.getpid(), signal.SIGKILL)
    return result
setattr(selfrestore, name, step)
call_command("restoreself", "--json", f"--passphrase-file={sys.argv[4]}")
"""


class Machine:
    """An installation in ``folder``; commands see its own data folder and the shared backup folder."""

    def __init__(self, folder: Path, backup: Path) -> None:
        self.data = folder / "data"
        self.environment = installation_environment(folder) | {"OOB_BACKUP_DIR": str(backup)}

    def run(self, *arguments: str, script: str = "manage.py") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *([script] if script else []), *arguments]
        environment = self.environment | {"DJANGO_SETTINGS_MODULE": "oobsite.settings"}
        return subprocess.run(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )

    def restore(self, passphrase_file: Path, *names: str) -> tuple[int, dict[str, object]]:
        done = self.run("restoreself", "--json", f"--passphrase-file={passphrase_file}", *names)
        return done.returncode, json.loads(done.stdout)

    def look(self) -> dict[str, object]:
        return json.loads(self.run("shell", "-v0", "-c", LOOK).stdout)

    def count_users(self) -> int:
        path = self.data / "oobsite.sqlite3"
        if not path.exists() or not path.stat().st_size:
            return 0
        with contextlib.closing(sqlite3.connect(path)) as conn:
            is_there = conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'accounts_user'").fetchone()
            return conn.execute("SELECT count(*) FROM accounts_user").fetchone()[0] if is_there else 0

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.data.iterdir() if path.is_file()}


@pytest.fixture(scope="module")
def lost(tmp_path_factory) -> tuple[Path, Path, Path]:
    """What is left of a lost machine: the backup folder, the paper with the passphrase; and its old data folder."""
    folder = tmp_path_factory.mktemp("lost")
    for name in ("data", "backup", "work", "mnt"):
        (folder / name).mkdir()
    machine = Machine(folder, folder / "backup")
    paper = folder / "paper"
    lines = machine.run("prepare").stdout.splitlines()
    paper.write_text(next(line for line in lines if line.count("-") == 4).strip() + "\n")
    assert machine.run("shell", "-v0", "-c", PLANT).stderr == ""
    assert machine.run("runbackup", "--source", "oobsite", "--json").returncode == 0
    return folder / "backup", paper, machine.data


@pytest.fixture
def machine(lost, tmp_path) -> Machine:
    """A new machine with an empty data folder."""
    (tmp_path / "data").mkdir()
    return Machine(tmp_path, lost[0])


def test_an_empty_installation_gets_everything_back(machine, lost):
    code, content = machine.restore(lost[1])
    assert (code, content["ok"], content["unreadable"]) == (0, True, 0)
    assert machine.look() == BACK
    for name in WHOLE:
        assert (machine.data / name).read_bytes() == (lost[2] / name).read_bytes()
    assert [path.name for path in machine.data.iterdir() if path.name.startswith(".restoreself")] == []


def test_a_first_start_does_not_hinder_it_and_the_paper_stays_valid(machine, lost, tmp_path):
    assert machine.run("prepare", "--quiet").returncode == 0
    assert machine.run("setuplink", "--json").returncode == 0
    assert machine.restore(lost[1])[0] == 0
    assert machine.look() == BACK
    assert machine.run("runbackup", "--source", "oobsite", "--json").returncode == 0
    newest = max(lost[0].glob("oobsite_*.tar.gz"), key=lambda path: path.stat().st_mtime_ns)
    (tmp_path / "third" / "data").mkdir(parents=True)
    third = Machine(tmp_path / "third", lost[0])
    assert third.restore(lost[1], newest.name) == (0, third_content(newest.name))
    for path in lost[0].glob(f"{newest.name}*"):
        path.unlink()


def third_content(name: str) -> dict[str, object]:
    return {"ok": True, "archive": name, "unreadable": 0, "notices": []}


def test_a_wrong_passphrase_changes_nothing(machine, tmp_path, lost):
    machine.run("check")
    before = machine.files()
    (tmp_path / "wrong").write_text("abcde-abcde-abcde-abcde-abcde")
    code, content = machine.restore(tmp_path / "wrong")
    assert (code, content["error"]) == (1, "passphrase-wrong")
    assert machine.files() == before
    assert machine.restore(lost[1])[0] == 0


def test_the_paper_may_be_typed_in_capitals_and_with_blanks(machine, lost, tmp_path):
    (tmp_path / "typed").write_text(f"  {lost[1].read_text().strip().upper().replace('-', ' ')} \n")
    assert machine.restore(tmp_path / "typed")[0] == 0
    paper = lost[1].read_text().strip()  # opens the backups of the new machine too
    assert unwrap(load_recovery_key(machine.data).wrap(b"keys"), paper) == b"keys"


def test_an_installation_with_users_is_left_alone(machine, lost):
    assert machine.restore(lost[1])[0] == 0
    before = machine.files()
    code, content = machine.restore(lost[1])
    assert (code, content["error"]) == (1, "installation-not-empty")
    assert machine.files() == before


def test_without_an_archive_a_sentence_says_so(tmp_path):
    for name in ("data", "backup"):
        (tmp_path / name).mkdir()
    (tmp_path / "paper").write_text("x")
    code, content = Machine(tmp_path, tmp_path / "backup").restore(tmp_path / "paper")
    assert (code, content["error"]) == (1, "own-archive-missing")


def test_a_damaged_archive_and_an_unknown_name_change_nothing(machine, lost, tmp_path):
    backup = tmp_path / "copy"
    shutil.copytree(lost[0], backup)
    damaged = Machine(tmp_path, backup)
    archive = next(backup.glob("oobsite_*.tar.gz"))
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 0xFF
    archive.write_bytes(content)
    assert damaged.restore(lost[1])[1]["error"] == "damaged-archive"
    assert machine.restore(lost[1], "oobsite_2001-01-01-0000.tar.gz")[1]["error"] == "archive-missing"
    assert machine.count_users() == 0


def test_an_archive_that_is_older_than_the_field_keys_is_restored(lost, tmp_path):
    """Its keys are the secret key alone; field keys are made."""
    from oobsite.keys import RecoveryKey

    backup = tmp_path / "copy"
    shutil.copytree(lost[0], backup)
    (tmp_path / "data").mkdir()
    key: RecoveryKey = load_recovery_key(lost[2])
    keys = {SECRET_KEY_NAME: (lost[2] / SECRET_KEY_NAME).read_text()}

    def change(folder: Path) -> None:
        (folder / "keys.wrapped").write_bytes(key.wrap(json.dumps(keys).encode()))
        with contextlib.closing(sqlite3.connect(folder / "oobsite.sqlite3")) as conn, conn:
            conn.execute("DELETE FROM mfa_authenticator")

    repack(next(backup.glob("oobsite_*.tar.gz")), tmp_path, change)
    machine = Machine(tmp_path, backup)
    assert machine.restore(lost[1])[0] == 0
    assert machine.count_users() == 1
    assert (machine.data / FIELD_KEYS_NAME).read_text() != (lost[2] / FIELD_KEYS_NAME).read_text()


@pytest.mark.parametrize(
    ("name", "when", "count"),
    [
        ("_open_archive", "after", 1),
        ("_settle", "before", 1),
        ("_settle", "after", 1),
        ("replace_key", "after", 3),
        ("put_sqlite", "before", 1),
        ("put_sqlite", "after", 1),
        ("_scan", "after", 1),
    ],
)
def test_killed_at_any_moment_it_is_empty_or_whole(name, when, count, machine, lost):
    done = machine.run("-c", KILLED_AT, name, when, str(count), str(lost[1]), script="")
    assert done.returncode == -signal.SIGKILL
    if machine.count_users():
        assert machine.restore(lost[1])[1]["error"] == "installation-not-empty"
        assert machine.run("scanbackups", "--json").returncode == 0
    else:
        assert machine.restore(lost[1])[0] == 0
    assert machine.look() == BACK
    assert (machine.data / RECOVERY_NAME).exists()


def test_the_passphrase_is_asked_for_only_at_a_terminal(machine):
    done = machine.run("restoreself")
    assert done.returncode == 2
    assert "--passphrase-file" in done.stderr
    assert "Traceback" not in done.stderr
