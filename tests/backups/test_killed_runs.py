"""Runs in processes of their own that are killed, interrupted or asked to end at any moment."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from holding import held_at
from waiting import wait_for_answer

from backups.domain.catalog import scan
from backups.domain.job import Job
from backups.domain.reading import read_tar_gz
from oobsite.keys import unwrap

ROOT = Path(__file__).parents[2]
SIZE = 60_000_000


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """The data folder of an installation that was prepared once, and its recovery passphrase."""
    data = tmp_path_factory.mktemp("template") / "data"
    command = [sys.executable, "manage.py", "prepare"]
    environment = os.environ | {"OOB_DATA_DIR": str(data)}
    made = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return data, made.stdout.split()[-1]


@pytest.fixture
def prepared(folder, manage, template):
    """An installation with its own database, and one source large enough to be interrupted in the middle."""
    data, passphrase = template
    shutil.copytree(data, folder / "data", dirs_exist_ok=True)
    run_sql(folder, "UPDATE backups_source SET is_active = name = 'pacsdata'")
    (folder / "mnt" / "pacsdata").mkdir()
    (folder / "mnt" / "pacsdata" / "images").write_bytes(os.urandom(1_000_000) * (SIZE // 1_000_000))
    return passphrase


def run_sql(folder, statement):
    with closing(sqlite3.connect(folder / "data" / "oobsite.sqlite3")) as database, database:
        return database.execute(statement).fetchall()


def finish(process, status=0):
    out, err = process.communicate()
    assert process.returncode == status, out + err
    return out, err


def children_of(run_id):
    """Processes that carry the mark of a run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"OOB_RUN={run_id}".encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue
    return found


def wait_for_part(folder, process):
    while process.poll() is None and not any((folder / "backup").glob("*.part")):
        time.sleep(0.01)


def require_only_complete_archives(folder):
    for item in scan(folder / "backup", "Europe/Zurich"):
        assert item.manifest is not None
        content = read_tar_gz(folder / "backup" / item.name, Job("0123456789ab", folder)).content
        assert content == item.manifest.content


def test_a_run_that_is_killed_at_any_moment_leaves_nothing_incomplete(folder, manage, prepared):
    chance = random.Random(20261124)
    for _ in range(5):
        process = manage("runbackup", "--json")
        wait_for_part(folder, process)
        time.sleep(chance.uniform(0, 0.35))
        process.kill()
        process.communicate()
        require_only_complete_archives(folder)
    code_and_state = json.loads(finish(manage("runbackup", "--json"))[0])
    assert code_and_state["state"] == "done"
    assert not list((folder / "backup").glob("*.part"))
    assert not list((folder / "work").iterdir())
    assert run_sql(folder, "SELECT COUNT(*) FROM backups_backuprun WHERE state = 'running'") == [(0,)]


@pytest.fixture
def packing(folder, manage, prepared):
    """A run that stands still in the middle of its archive."""
    site = SimpleNamespace(folder=folder, start=manage)
    return held_at("pack", site, "runbackup", "--json", HOLD_BYTES="1000000")


def test_no_child_of_a_killed_run_lives_on(folder, packing):
    with packing as process:
        ((run_id,),) = run_sql(folder, "SELECT uid FROM backups_backuprun")
        assert children_of(run_id) != []
        process.kill()
        process.communicate()
    wait_for_answer(lambda: children_of(run_id), [])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_interrupted_tidies_up_and_says_so(folder, packing, number):
    with packing as process:
        process.send_signal(number)
    out, _err = finish(process, 5)
    answer = json.loads(out)
    assert (answer["ok"], answer["error"]) == (False, "cancelled")
    assert [path.name for path in (folder / "backup").iterdir()] == [".oobsite.lock"]
    assert list((folder / "work").iterdir()) == []
    assert run_sql(folder, "SELECT state FROM backups_backuprun") == [("interrupted",)]


def test_a_run_that_is_cancelled_on_the_screen_ends(folder, packing):
    with packing as process:
        run_sql(folder, "UPDATE backups_backuprun SET is_cancel_requested = 1")
    out, _err = process.communicate()
    # A run that was through before the next look at its row is done, and no less complete.
    assert process.returncode in (0, 5), out
    require_only_complete_archives(folder)


def test_the_copy_of_oobsite_opens_on_an_empty_server(folder, manage, prepared):
    """SQLite's own file in one state, and keys that open with the passphrase alone (duplicati#6626)."""
    finish(manage("runbackup", "--source", "pacsdata"))
    run_sql(folder, "UPDATE backups_source SET is_active = name = 'oobsite'")
    answer = json.loads(finish(manage("runbackup", "--json"))[0])
    (folder / "out").mkdir()
    archive = folder / "backup" / answer["archives"][0]["name"]
    subprocess.run(["tar", "xzf", archive, "-C", folder / "out"], check=True)
    with closing(sqlite3.connect(folder / "out" / "oobsite.sqlite3")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert copy.execute("SELECT series FROM backups_backuparchive").fetchall() == [("pacsdata",)]
    keys = json.loads(unwrap((folder / "out" / "keys.wrapped").read_bytes(), prepared))
    assert keys["secret.key"] == (folder / "data" / "secret.key").read_text()
    assert {path.name for path in (folder / "out").iterdir()} == {"keys.wrapped", "oobsite.sqlite3"}


def test_the_copy_of_oobsite_is_consistent_while_somebody_writes(folder, manage, prepared):
    run_sql(folder, "UPDATE backups_source SET is_active = name = 'oobsite'")
    process = manage("runbackup", "--json")
    while process.poll() is None:
        run_sql(folder, "UPDATE backups_source SET title = title || 'x' WHERE name = 'pacsdata'")
    assert json.loads(finish(process)[0])["state"] == "done"


def test_without_a_recovery_key_the_copy_of_oobsite_fails_and_says_so(folder, manage, prepared):
    run_sql(folder, "UPDATE backups_source SET is_active = name = 'oobsite'")
    (folder / "data" / "recovery.json").unlink()
    answer = json.loads(finish(manage("runbackup", "--json"), 1)[0])
    assert [line["code"] for line in answer["log"] if line["level"] == "error"] == ["recovery-key-missing"]


def test_files_in_the_data_folder_are_closed_to_others(folder, prepared):
    static = folder / "data" / "static"
    modes = {path: path.stat().st_mode for path in (folder / "data").iterdir() if path.is_file() and path != static}
    assert {path.name for path in modes} >= {"oobsite.sqlite3", "secret.key", "recovery.json"}
    assert not [path.name for path, mode in modes.items() if mode & 0o007]
    assert (folder / "data" / "secret.key").stat().st_mode & 0o777 == 0o600
    assert (folder / "data" / "recovery.json").stat().st_mode & 0o777 == 0o600


def test_preparing_a_second_time_changes_no_key_and_shows_no_passphrase(folder, manage, prepared):
    keys = [(folder / "data" / name).read_bytes() for name in ("secret.key", "recovery.json")]
    assert finish(manage("prepare"))[0] == ""
    assert [(folder / "data" / name).read_bytes() for name in ("secret.key", "recovery.json")] == keys
