"""`manage.py restoresql` as a process of its own: what it shows, how it ends, and what is left when it is killed."""

from __future__ import annotations

import json
import signal

import pytest
from realsite import DATABASE, kill_hard, wait_until
from sqlsite import databases, fill, labels, make_dump, sql_server

SLOW = b"DO SLEEP(60);\n-- Dump completed"


@pytest.fixture(scope="module")
def server():
    with sql_server() as server:
        yield server


@pytest.fixture(scope="module")
def new_dump(server):
    return make_dump(server, server.folder / "new.sql")


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
    child = site.start("restoresql", str(path), "--yes")
    site.wait_for_stage("load")
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
    child.communicate(timeout=20)
    assert child.returncode == 5
    assert labels(server) == {"old"}


def test_a_kill_while_the_file_is_loaded_leaves_the_database_untouched(server, site, slow_dump):
    kill_hard(start_slow(site, slow_dump))
    assert (labels(server), databases(server)) == ({"old"}, [])


def test_a_kill_while_tables_are_brought_over_leaves_nothing_behind(server, site, new_dump):
    watched = ("--yes", "--no-safety-backup", "--accept-clients")  # we are connected while we look
    child = site.start("restoresql", str(new_dump), *watched)
    wait_until(lambda: databases(server) != [] or child.poll() is not None, seconds=60)
    kill_hard(child)
    code, answer = site.run("recover")
    assert (code, labels(server)) == (0, {"old"})
    assert any(DATABASE in line for line in answer["done"])
