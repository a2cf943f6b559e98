from __future__ import annotations

import subprocess
import time

import pytest
from waiting import wait_until

from demo.invariants import read_number
from demo.practice import build_database
from demo.server import PracticeServer, own_tree
from demo.writer import Work, Writer, check_invariants

DATABASE = "elexisoob"


@pytest.fixture
def server(folder):
    """A server of its own, because these tests kill it."""
    with PracticeServer(folder) as server:
        build_database(server.connect(), patients=50)
        server.create_accounts()
        yield server


def writer_of(server: PracticeServer, rate: float | None = None) -> Writer:
    return Writer(server.socket, database=DATABASE, user=server.app_user, password=server.app_password, rate=rate)


def wait_for(writer: Writer, commits: int) -> None:
    wait_until(lambda: writer.commits() >= commits)


def test_invariants_hold_while_writing_and_after_a_kill(server):
    with writer_of(server) as writer:
        for commits in (100, 300, 500):
            wait_for(writer, commits)
            assert check_invariants(server.connect(), DATABASE) == []
        writer.kill()
    assert check_invariants(server.connect(), DATABASE) == []
    server.stop()
    server.start()
    assert check_invariants(server.connect(), DATABASE) == []


def test_invariants_hold_after_a_kill_of_the_server(server):
    writer = writer_of(server)
    writer.start()
    wait_for(writer, 100)
    server.kill()
    with pytest.raises(RuntimeError, match="The writer ended with"):
        writer.stop()
    server.start()
    assert check_invariants(server.connect(), DATABASE) == []
    with writer_of(server) as again:
        wait_for(again, 10)
    assert check_invariants(server.connect(), DATABASE) == []


def test_invariants_hold_in_a_hot_backup(server, folder):
    copy = folder / "kopie"
    login = [
        f"--socket={server.socket}",
        f"--user={server.backup_user}",
        f"--password={server.backup_password}",
    ]
    with writer_of(server) as writer:
        wait_for(writer, 200)
        backup(f"--datadir={server.datadir}", f"--target-dir={copy}", "--backup", *login)
    commits = writer.commits()
    backup(f"--target-dir={copy}", "--prepare")
    own_tree(copy, server.uid, server.gid)
    with PracticeServer(folder / "probe", datadir=copy) as probe:
        connection = probe.connect(DATABASE)
        assert check_invariants(connection, DATABASE) == []
        assert 200 <= read_number(connection.cursor(), "SELECT n FROM zaehler") <= commits


def backup(*arguments: str) -> None:
    done = subprocess.run(["mariadb-backup", "--no-defaults", *arguments], capture_output=True, check=False)
    assert done.stderr.rstrip().endswith(b"completed OK!"), done.stderr[-2000:].decode()


def test_rate_is_kept(server):
    started = time.monotonic()
    with writer_of(server, rate=20) as writer:
        wait_for(writer, 40)
    assert writer.commits() <= 1 + 20 * (time.monotonic() - started)


def test_a_writer_that_cannot_connect_says_why(server):
    with pytest.raises(RuntimeError, match="Access denied"):
        Writer(server.socket, database=DATABASE, user="niemand", password="x").start()


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("DELETE FROM transfer ORDER BY n LIMIT 1", "Anzahl Transfers"),
        ("UPDATE zaehler SET n = n + 1", "Zähler"),
        ("UPDATE konto_a SET saldo = saldo + 1 WHERE nr = 1", "Summe aller Konten"),
        ("UPDATE konto_b SET saldo = saldo + IF(nr = 1, 1, -1) WHERE nr < 3", "konto_b stimmen nicht"),
        ("DELETE FROM logs WHERE n > 3", "logs endet mit"),
        ("INSERT INTO journal (id, n) VALUES ('x', 999999)", "journal ist mit 999999 weiter"),
    ],
)
def test_damage_is_seen(practice, damage, says):
    connection = practice.connect()
    build_database(connection, patients=10, database="schaden")
    try:
        work = Work(connection)
        for _ in range(12):
            work.commit_one()
        assert check_invariants(connection, "schaden") == []
        connection.query(damage)
        assert any(says in line for line in check_invariants(connection, "schaden"))
    finally:
        connection.query("DROP DATABASE schaden")
