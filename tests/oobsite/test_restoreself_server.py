"""The same with oobsite's own database on a MariaDB server: a dump is loaded into an empty database of another name."""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path
from urllib.parse import quote

import pytest
from test_restoreself import BACK, KILLED_AT, PLANT, Machine

from demo.server import PracticeServer, short_folder

REMOVE_EVENTS = "from django.db import connection; connection.cursor().execute('DELETE FROM audit_auditevent')"


@pytest.fixture(scope="module")
def server():
    with (
        short_folder("oobm-") as folder,
        PracticeServer(folder, datadir=folder / "mnt" / "elexisdb") as server,
        contextlib.closing(server.connect()) as conn,
    ):
        conn.query("SET foreign_key_checks = 0")  # databases are dropped
        conn.query("CREATE USER oob@localhost IDENTIFIED BY 'geheim-9'")
        yield server, conn


def make_machine(folder: Path, backup: Path, server, name: str) -> Machine:
    """A machine with an empty database of its own."""
    practice, conn = server
    conn.query(f"CREATE OR REPLACE DATABASE {name} CHARACTER SET utf8mb4")
    conn.query(f"GRANT ALL ON {name}.* TO oob@localhost")
    (folder / "data").mkdir(parents=True)
    machine = Machine(folder, backup)
    machine.environment["OOB_DATABASE_URL"] = f"mysql://oob:geheim-9@{quote(str(practice.socket), safe='')}/{name}"
    return machine


@pytest.fixture(scope="module")
def lost_on_server(server, tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("lost")
    for name in ("backup", "work", "mnt"):
        (folder / name).mkdir()
    machine = make_machine(folder, folder / "backup", server, "oob_old")
    paper = folder / "paper"
    lines = machine.run("prepare").stdout.splitlines()
    paper.write_text(next(line for line in lines if line.count("-") == 4).strip())
    assert machine.run("shell", "-v0", "-c", PLANT).stderr == ""
    done = machine.run("runbackup", "--source", "oobsite", "--json")
    assert done.returncode == 0, done.stdout
    return folder / "backup", paper


def tables_of(server, name: str) -> int:
    cursor = server[1].cursor()
    cursor.execute("SELECT count(*) FROM information_schema.tables WHERE table_schema = %s", [name])
    return cursor.fetchone()[0]


def test_an_empty_database_gets_everything_back_and_a_full_one_is_left_alone(server, lost_on_server, tmp_path):
    machine = make_machine(tmp_path, lost_on_server[0], server, "oob_new")
    code, content = machine.restore(lost_on_server[1])
    assert (code, content["ok"]) == (0, True)
    assert machine.look() == BACK
    assert machine.restore(lost_on_server[1])[1]["error"] == "installation-not-empty"


def test_the_new_server_may_have_another_account(server, lost_on_server, tmp_path):
    """The triggers of the audit name the account that made them."""
    machine = make_machine(tmp_path, lost_on_server[0], server, "oob_other")
    server[1].query("CREATE USER other@localhost IDENTIFIED BY 'geheim-9'")
    server[1].query("GRANT ALL ON oob_other.* TO other@localhost")
    machine.environment["OOB_DATABASE_URL"] = machine.environment["OOB_DATABASE_URL"].replace("//oob:", "//other:")
    assert machine.restore(lost_on_server[1])[0] == 0
    assert machine.look() == BACK
    refused = machine.run("shell", "-v0", "-c", REMOVE_EVENTS).stderr
    assert "audit events are never changed or deleted" in refused


def test_a_database_with_any_table_is_left_alone(server, lost_on_server, tmp_path):
    machine = make_machine(tmp_path, lost_on_server[0], server, "oob_used")
    server[1].query("CREATE TABLE oob_used.theirs (id INTEGER)")
    assert machine.restore(lost_on_server[1])[1]["error"] == "installation-not-empty"
    assert tables_of(server, "oob_used") == 1


@pytest.mark.parametrize(("name", "when"), [("load_dump", "before"), ("load_dump", "after"), ("_settle", "after")])
def test_killed_in_the_middle_no_start_takes_it_for_whole_and_it_can_be_tried_again(
    name, when, server, lost_on_server, tmp_path
):
    machine = make_machine(tmp_path, lost_on_server[0], server, "oob_killed")
    done = machine.run("-c", KILLED_AT, name, when, "1", str(lost_on_server[1]), script="")
    assert done.returncode == -signal.SIGKILL
    refused = machine.run("prepare")
    assert refused.returncode == 1
    assert "restoreself" in refused.stderr
    assert machine.restore(lost_on_server[1])[0] == 0
    assert machine.look() == BACK
    assert machine.run("prepare").returncode == 0


def test_another_kind_of_database_is_refused(server, lost_on_server, tmp_path):
    (tmp_path / "data").mkdir()
    machine = Machine(tmp_path, lost_on_server[0])
    assert machine.restore(lost_on_server[1])[1]["error"] == "other-database"
    assert machine.count_users() == 0
