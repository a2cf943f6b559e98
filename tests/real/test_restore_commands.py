"""`manage.py restorebackup` and its sisters as processes of their own, which also are killed and suspended."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import shutil
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from holding import held_at
from realsite import ROOT, Site, kill_hard
from restarting import MANAGE, stages
from restoresite import *  # noqa: F403 - fixtures
from restoresite import begin, change, state_of

from backups.domain.lock import make_holder, run_lock
from backups.domain.restore.recover import main
from demo.server import short_folder


@pytest.fixture(scope="module")
def narrowed(prepared, tmp_path_factory):
    """The data folder of an installation that backs up the database and one folder."""
    data = shutil.copytree(prepared, tmp_path_factory.mktemp("narrowed") / "data")
    with contextlib.closing(sqlite3.connect(data / "oobsite.sqlite3")) as conn, conn:
        conn.execute("UPDATE backups_source SET is_active = (name IN ('elexisdb', 'webelexisdata'))")
    return data


@pytest.fixture(scope="module")
def saved(restarting, narrowed):
    """An installation with one backup of the state ``then``, to be copied; its stamp."""
    with short_folder() as folder:
        begin(restarting)
        site = Site(folder, restarting.practice, narrowed)
        code, content = site.run("runbackup")
        assert code == 0, content
        yield site, content["stamp"]


@pytest.fixture
def commands(server, folder, narrowed):
    return Site(folder, server.practice, narrowed)


@pytest.fixture
def stamp(commands, saved):
    """Of a backup of the state ``then``."""
    original, stamp = saved
    for name in ("backup", "data"):
        shutil.copytree(original.folder / name, commands.folder / name, dirs_exist_ok=True)
    return stamp


def test_the_command_restores_and_puts_back(server, webelexis, commands, stamp):
    change(server, webelexis)
    code, shown = commands.run("restorebackup", stamp, "--dry-run")
    assert (code, len(shown["archives"])) == (0, 2)
    assert state_of(server, webelexis) == "now"
    code, done = commands.run("restorebackup", stamp, "--yes", "--folders-idle")
    assert code == 0, done
    assert state_of(server, webelexis) == "then"
    code, refused = commands.run("undorestore")
    assert (code, refused["error"]) == (1, "folders-not-confirmed")
    assert commands.run("undorestore", "--folders-idle")[0] == 0
    assert state_of(server, webelexis) == "now"
    assert commands.run("recover")[0] == 0


def test_without_a_terminal_nobody_is_asked(server, commands):
    stamp = commands.run("runbackup", "--source", "webelexisdata")[1]["stamp"]
    with commands.start("restorebackup", stamp, "--folders-idle") as child:
        child.communicate()
    assert child.returncode == 2


@pytest.mark.parametrize(("typed", "code"), [("elexisoob", 2), ("yes", 0)])
def test_at_a_terminal_the_word_is_asked_for(server, commands, typed, code):
    stamp = commands.run("runbackup", "--source", "webelexisdata")[1]["stamp"]
    master, slave = pty.openpty()
    os.write(master, f"{typed}\n".encode())
    command = [sys.executable, "manage.py", "restorebackup", stamp, "--folders-idle", "--no-safety-backup"]
    environment = commands.environment | {"OOB_LANGUAGE": "en"}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdin=slave, capture_output=True, check=False)
    os.close(master)
    os.close(slave)
    assert done.returncode == code, done.stderr


def test_while_a_backup_runs_there_is_no_restore(server, commands):
    stamp = commands.run("runbackup", "--source", "webelexisdata")[1]["stamp"]
    with run_lock(commands.backup_dir, make_holder("0123456789ab", "backup", datetime.now(UTC))):
        code, content = commands.run("restorebackup", stamp, "--yes", "--folders-idle")
    assert (code, content["error"]) == (4, "busy")


def run_killed(commands, step, *arguments):
    """A command that kills itself before a step of the exchange; whether it came so far."""
    environment = commands.environment | {"KILL_AT": str(step)}
    command = [sys.executable, "-c", MANAGE, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr[-2000:]
    return done.returncode != 0


SOME_STEPS = (0, 4, 9, 13, 18, 24, 33, 35, 37)


@pytest.mark.parametrize("step", SOME_STEPS)
def test_a_killed_restore_is_recovered_to_one_state(server, webelexis, commands, stamp, step):
    change(server, webelexis)
    was_killed = run_killed(commands, step, "restorebackup", stamp, "--yes", "--folders-idle", "--no-safety-backup")
    code, told = commands.run("recover")
    assert code == 0, told
    found = state_of(server, webelexis)
    assert found in ("now", "then")
    assert was_killed
    if found == "now":
        assert stages(server.datadir) == []
    assert commands.run("runbackup")[0] == 0
    assert list((commands.folder / "work").iterdir()) == []


@pytest.mark.parametrize("stage", ["examine", "pack", "stage"])
def test_a_restore_killed_before_the_exchange_changes_nothing(server, webelexis, commands, stamp, stage):
    change(server, webelexis)
    with held_at(stage, commands, "restorebackup", stamp, "--yes", "--folders-idle") as child:
        kill_hard(child)
    assert commands.run("recover")[0] == 0
    assert state_of(server, webelexis) == "now"
    assert stages(server.datadir) == stages(webelexis) == []


@pytest.mark.parametrize("stage", ["swap", "test"])
def test_a_suspended_restore_is_left_alone_and_ends_well(server, webelexis, commands, stamp, stage):
    """As when the machine sleeps, before the exchange of the database and behind it; meanwhile others come."""
    change(server, webelexis)
    order = ("restorebackup", stamp, "--source", "elexisdb", "--yes", "--no-safety-backup", "--accept-clients")
    with held_at(stage, commands, *order) as child:
        for command in (("recover",), ("runbackup",), (*order[:2], "--yes", "--folders-idle")):
            assert commands.run(*command)[0] == 4, command
        assert main([str(server.datadir)]) == 4
        assert len(stages(server.datadir)) == 1
    assert (json.loads(child.communicate()[0])["state"], child.returncode) == ("done", 0)
    server.wait()
    assert 7 not in server.rows("InnoDB")


@pytest.mark.parametrize("step", [2, 9, 15, 22])
def test_a_killed_undo_is_recovered_to_one_state(server, webelexis, commands, stamp, step):
    change(server, webelexis)
    assert commands.run("restorebackup", stamp, "--yes", "--folders-idle", "--no-safety-backup")[0] == 0
    was_killed = run_killed(commands, step, "undorestore", "--folders-idle")
    run_killed(commands, 1, "recover")
    assert commands.run("recover")[0] == 0
    found = state_of(server, webelexis)
    assert found in (("now", "then") if was_killed else ("now",))
