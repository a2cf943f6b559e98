"""`manage.py restoresql` as a process of its own: what it shows, how it ends, and what is left when it is killed."""

from __future__ import annotations

import json
import os
import shutil
import signal

import pytest
from realsite import DATABASE, kill_hard, names_of, own_children
from sqlsite import databases, fill, labels, server_for_sql  # noqa: F401 - a fixture
from waiting import wait_until

SLOW = b"DO SLEEP(600);\n-- Dump completed"
#: Half a dump, and then nothing more.
HANGING = """#!/bin/sh
case "$*" in *--version*) exec {real} "$@";; esac
{real} "$@" | head -c 2000
exec sleep 600
"""


@pytest.fixture
def site(server, commands):
    fill(server, "old")
    yield commands
    code, _answer = commands.run("recover")
    assert code == 0
    assert databases(server) == []


@pytest.fixture
def slow_dump(site, new_dump):
    path = site.folder / "slow.sql"
    path.write_bytes(new_dump.read_bytes().replace(b"-- Dump completed", SLOW))
    return path


def start_slow(site, path):
    """A command in the middle of the file."""
    child = site.start("restoresql", str(path), "--yes")
    wait_until(lambda: "mariadb" in names_of(own_children(site.last_run("uid"))))
    return child


def test_a_dry_run_shows_what_would_be_lost_and_changes_nothing(server, site, new_dump):
    code, answer = site.run("restoresql", str(new_dump), "--dry-run")
    assert (code, answer["ok"]) == (3, True)
    assert {"name": "heap", "rows": 1} in answer["result"]["tables"]
    assert answer["figures"]["documents"]["live"] == 2
    assert labels(server) == {"old"}


def test_a_file_of_the_backup_folder_is_restored_and_undone_by_name(server, site, new_dump):
    (site.backup_dir / "praxis.sql").write_bytes(new_dump.read_bytes())
    code, answer = site.run("restoresql", "praxis.sql", "--yes")
    assert (code, labels(server)) == (3, {"new"})
    assert [archive["name"] for archive in answer["archives"]] == []
    assert site.run("undorestore")[0] == 0
    assert labels(server) == {"old"}
    assert site.run("releaserestore", answer["run"], "--yes")[0] == 0


@pytest.mark.parametrize("name", ["missing.sql", "../x.sql"])
def test_a_file_that_is_not_there_is_a_mistake_of_use(site, name):
    code, answer = site.run("restoresql", name, "--yes")
    assert (code, answer["error"]) == (2, "sql-file-missing")


def test_nobody_is_asked_without_a_terminal(server, site, new_dump):
    with site.start("restoresql", str(new_dump)) as child:
        assert json.loads(child.communicate()[0])["error"] == "call"
    assert child.returncode == 2
    assert labels(server) == {"old"}


def test_a_load_is_cancelled_by_control_c(server, site, slow_dump):
    child = start_slow(site, slow_dump)
    child.send_signal(signal.SIGINT)
    child.communicate()
    assert child.returncode == 5
    assert labels(server) == {"old"}


def test_a_kill_while_the_file_is_loaded_leaves_the_database_untouched(server, site, slow_dump):
    kill_hard(start_slow(site, slow_dump))
    assert (labels(server), databases(server)) == ({"old"}, [])


@pytest.fixture
def hanging(folder):
    """A PATH on which tables are brought over and never arrive."""
    (folder / "bin").mkdir()
    tool = folder / "bin" / "mariadb-dump"
    tool.write_text(HANGING.replace("{real}", shutil.which("mariadb-dump")))
    tool.chmod(0o755)
    return f"{folder}/bin:{os.environ['PATH']}"


def test_a_kill_while_tables_are_brought_over_leaves_nothing_behind(server, site, new_dump, hanging):
    watched = ("--yes", "--no-safety-backup", "--accept-clients")  # we are connected while we look
    child = site.start("restoresql", str(new_dump), *watched, PATH=hanging)
    wait_until(lambda: databases(server) != [])
    kill_hard(child)
    code, answer = site.run("recover")
    assert (code, labels(server)) == (0, {"old"})
    assert any(DATABASE in line for line in answer["done"])
