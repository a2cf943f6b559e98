"""A restore on a real server from a real archive: checked, unpacked, exchanged, tested, put back."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from restarting import DATABASE, restarting_server, stages
from waiting import PATIENCE_SECONDS, wait_until

from backups.domain.archive import Packing, Target, discard, pack_folder, publish, read_back
from backups.domain.errors import CancelledError, LoginRefusedError, RightsMissingError
from backups.domain.job import Job
from backups.domain.manifest import Manifest
from backups.domain.mariadb.counts import count_practice
from backups.domain.mariadb.hot import HotOrder, take_hot_backup
from backups.domain.mariadb.server import Access, connection, read_server_facts
from backups.domain.reading import read_tar_gz
from backups.domain.restore.account import Verdict, judge_account
from backups.domain.restore.check import DatadirCheck, check_datadir, list_clients, list_lasting_clients
from backups.domain.restore.errors import (
    NotRestartedError,
    OtherServerError,
    RestoredContentError,
    RollbackFailedError,
    RolledBackError,
    ServerDiffersError,
    ServerNotStartedError,
    ServerNotStoppedError,
)
from backups.domain.restore.fill import Filling, fill_datadir
from backups.domain.restore.gates import gate_locks
from backups.domain.restore.journal import Kind, Phase
from backups.domain.restore.settle import restoring
from backups.domain.restore.stage import list_restores
from backups.domain.restore.startup import StartUp, ask_to_stop, require_started
from backups.domain.restore.swap import Hands, swap_datadir
from backups.domain.restore.undo import release, undo_datadir
from backups.messages import error_sentence

NOW = datetime(2026, 11, 24, 3, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def server():
    with restarting_server() as server:
        yield server


@pytest.fixture
def job(folder):
    (folder / "job").mkdir(mode=0o711)
    return Job("0123456789ab", folder / "job")


@pytest.fixture
def access(server):
    server.wait()
    return Access("", 0, "oob_backup", "sicherung", DATABASE, socket=str(server.socket))


@pytest.fixture
def backup(server, access, job, folder):
    return make_backup(server, access, job, folder)


def make_backup(server, access, job, folder):
    """A hot backup of the present state, its counts and facts."""
    with connection(access) as conn:
        facts, counts = read_server_facts(conn), count_practice(conn, DATABASE)
    order = HotOrder(access, server.datadir, facts["version"], "mariadb-backup", 60)
    prepared = take_hot_backup(order, job, on_copied=lambda: None).folder
    target = Target(folder / "elexisdb_2026-11-24-0315.tar.gz")
    owner = (server.practice.uid, server.practice.gid)
    content, _ = pack_folder(Packing("elexisdb", prepared, is_database=True, owner=owner), target, job)
    content = read_back(target, content, job).content
    now = NOW.isoformat()
    names = ("elexisdb", "elexisdb", "mariadb", "hot", target.path.name, now, now)
    publish(target, Manifest(job.run_id, *names, content, server=facts, counts_before=counts), job)
    discard(target, job)
    return Backup(target.path, facts, counts)


class Backup:
    def __init__(self, path, facts, counts):
        self.path, self.facts, self.counts = path, facts, counts


def make_hands(server, access, backup, **changes):
    startup = replace(StartUp(server.datadir, access, backup.counts, backup.counts, seconds=30), **changes)
    return Hands(stop=lambda: ask_to_stop(access), test=lambda job: require_started(startup, job))


def restore(server, backup, hands, job):
    reading = read_tar_gz(backup.path, job)
    with restoring(server.datadir, "x1", Kind.MARIADB, NOW) as stage:
        fill_datadir(stage, Filling(backup.path, reading), job)
        return swap_datadir(stage, hands, job)


def add_row(server, n):
    with contextlib.closing(server.connect()) as conn:
        conn.query(f"INSERT INTO {DATABASE}.innodb_rows VALUES ({n})")


def test_a_backup_comes_back_and_is_put_back(server, access, backup, job):
    check_datadir(DatadirCheck(server.datadir, access, 10_000_000, backup.facts))
    add_row(server, 1001)
    swapped = restore(server, backup, make_hands(server, access, backup), job)
    assert 1001 not in server.rows("InnoDB")
    assert swapped.seconds < 15
    with gate_locks(server.datadir / "#sql-oob-x1" / "old") as locks:
        assert not locks.acquire()  # a server that waits for the old files does not get them
    owners = {path.stat().st_uid for path in server.datadir.rglob("*") if "#sql-oob" not in str(path)}
    assert owners == {server.practice.uid}
    undo_datadir(server.datadir, "x1", make_hands(server, access, backup), job)
    assert 1001 in server.rows("InnoDB")
    release(server.datadir, "x1")
    assert stages(server.datadir) == []


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"counts_after": {"core": {}, "tables": {"gone": 1}}, "counts_before": {"tables": {"gone": 1}}}, "content"),
        ({"counts_before": {"core": {"kontakt": 5000}}, "counts_after": {"core": {"kontakt": 5001}}}, "content"),
    ],
)
def test_data_that_lack_something_are_rolled_back(server, access, backup, job, changes, cause):
    add_row(server, 2000 + len(server.rows("InnoDB")))
    rows = server.rows("InnoDB")
    with pytest.raises(RolledBackError) as caught:
        restore(server, backup, make_hands(server, access, backup, **changes), job)
    assert isinstance(caught.value.__cause__, RestoredContentError)
    server.wait()
    assert server.rows("InnoDB") == rows
    assert stages(server.datadir) == []


def test_a_server_that_does_not_come_back_is_rolled_back(server, access, backup, job):
    """Nothing restarts it: the old data are in place when somebody does."""
    rows = server.rows("InnoDB")

    def stop():
        server.stop()

    hands = replace(make_hands(server, access, backup, seconds=0.5), stop=stop)
    with pytest.raises(NotRestartedError) as caught:
        restore(server, backup, hands, job)
    assert isinstance(caught.value.__cause__, ServerNotStartedError)
    assert "restart: always" in error_sentence(caught.value)
    server.start()
    server.wait()
    assert server.rows("InnoDB") == rows
    assert stages(server.datadir) == []


def test_a_server_that_does_not_stop_goes_on_with_its_data(server, access, backup, job):
    started = []
    hands = make_hands(server, access, backup)
    hands = replace(hands, stop=lambda: None, stop_seconds=0.3, start=lambda: started.append(1))
    with contextlib.closing(server.connect()) as conn:
        with pytest.raises(ServerNotStoppedError):
            restore(server, backup, hands, job)
        conn.query(f"INSERT INTO {DATABASE}.innodb_rows VALUES (3001)")
    assert started == [1]
    assert stages(server.datadir) == []
    server.kill_server()
    server.wait()
    assert 3001 in server.rows("InnoDB")


def test_a_restore_that_is_cancelled_while_it_waits_changes_nothing(server, access, backup, job):
    asked = []
    impatient = replace(job, is_cancelled=lambda: bool(asked))
    hands = replace(make_hands(server, access, backup), stop=lambda: asked.append(1))
    with pytest.raises(CancelledError):
        restore(server, backup, hands, impatient)
    assert stages(server.datadir) == []
    add_row(server, 4001)


def test_the_server_of_another_folder_is_not_stopped(access, folder):
    for name in ("ibdata1", "aria_log_control"):
        (folder / "data").mkdir(exist_ok=True)
        (folder / "data" / name).touch()
    with pytest.raises(OtherServerError):
        check_datadir(DatadirCheck(folder / "data", access))
    with connection(access) as conn, conn.cursor() as cursor:
        cursor.execute("SHOW DATABASES LIKE 'oob%'")
        assert cursor.fetchall() == ()


def test_what_a_killed_check_left_goes_at_the_next(server, access):
    with contextlib.closing(server.connect()) as conn:
        conn.query("CREATE DATABASE oob_probe_0000")
    check_datadir(DatadirCheck(server.datadir, access))
    assert list(server.datadir.glob("oob*")) == []


def test_another_series_is_refused(server, access):
    with pytest.raises(ServerDiffersError):
        check_datadir(DatadirCheck(server.datadir, access, server={"version": "10.3.39-MariaDB"}))


def test_an_account_that_may_not_stop_it_is_named(server, access):
    with pytest.raises(RightsMissingError) as caught:
        check_datadir(DatadirCheck(server.datadir, replace(access, user="elexisuser", password="elexis")))
    assert "SHUTDOWN ON *.*" in caught.value.rights


def test_a_login_that_is_refused_is_no_waiting(server, access, job):
    with pytest.raises(LoginRefusedError):
        require_started(StartUp(server.datadir, replace(access, password="x"), seconds=3600), job)


def test_who_was_suspended_longer_than_he_would_wait_looks_once_more(server, access, job):
    server.wait()
    require_started(StartUp(server.datadir, access, seconds=0), job)


def test_who_is_connected_is_told(server, access):
    with contextlib.closing(server.practice.connect(user="elexisuser", password="elexis")), connection(access) as conn:
        assert list_clients(conn) == ["elexisuser@localhost"]
    with connection(access) as conn:
        wait_until(lambda: list_clients(conn) == [])


def test_a_connection_that_is_being_closed_is_nobody(server, access, monkeypatch):
    monkeypatch.setattr("backups.domain.restore.check._CLOSING_SECONDS", PATIENCE_SECONDS)
    client = server.practice.connect(user="elexisuser", password="elexis")
    with connection(access) as conn:
        assert "elexisuser@localhost" in list_clients(conn)
        closing = threading.Timer(0.3, client.close)
        closing.start()
        assert list_lasting_clients(conn) == []
        closing.join()


def test_a_backup_while_old_data_are_kept_does_not_contain_them(server, access, backup, job, folder):
    restore(server, backup, make_hands(server, access, backup), job)
    kept = server.datadir / "#sql-oob-x1" / "old" / DATABASE
    assert kept.is_dir()
    order = HotOrder(access, server.datadir, backup.facts["version"], "mariadb-backup", 60)
    prepared = take_hot_backup(order, job, on_copied=lambda: None).folder
    assert list(prepared.glob("#*")) == []
    with contextlib.closing(server.connect()) as conn, conn.cursor() as cursor:
        cursor.execute("SHOW DATABASES")
        assert not any("#" in name for (name,) in cursor.fetchall())
    assert kept.is_dir()
    release(server.datadir, "x1")


def test_data_with_another_password_are_told_apart_beforehand(server, access):
    with contextlib.closing(server.connect()) as conn:
        assert judge_account(conn, access) is Verdict.GOOD
        assert judge_account(conn, replace(access, password="x")) is Verdict.OTHER_PASSWORD
        assert judge_account(conn, replace(access, user="nobody")) is Verdict.MISSING
        assert judge_account(conn, replace(access, user="elexisuser", password="elexis")) is Verdict.NO_SHUTDOWN
        conn.query(
            "CREATE USER other@localhost IDENTIFIED VIA unix_socket OR mysql_native_password USING PASSWORD('x')"
        )
        assert judge_account(conn, replace(access, user="other")) is Verdict.UNKNOWN
        conn.query("DROP USER other@localhost")


def test_a_server_that_does_not_let_us_in_keeps_the_old_data_until_it_is_stopped(server, access, job):
    """The restored data bring an old password back: nobody can stop the server by SQL, but nothing is lost."""
    set_password(server, access, "old-password")
    old_access = replace(access, password="old-password")
    backup = make_backup(server, old_access, job, job.work_dir.parent)
    set_password(server, access, access.password)
    add_row(server, 5001)
    with pytest.raises(RollbackFailedError) as caught:
        restore(server, backup, make_hands(server, access, backup), job)
    assert caught.value.reason == "login-refused"
    server.wait()
    assert list_restores(server.datadir)[0].phase is Phase.PLACED
    server.stop()
    undo_datadir(server.datadir, "x1", Hands(stop=lambda: None, test=lambda _job: None), job)
    release(server.datadir, "x1")
    server.start()
    server.wait()
    assert 5001 in server.rows("InnoDB")


def set_password(server, access, password):
    with contextlib.closing(server.connect()) as conn:
        for host in ("%", "localhost"):
            conn.query(f"SET PASSWORD FOR '{access.user}'@'{host}' = PASSWORD('{password}')")
