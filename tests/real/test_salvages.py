"""What can be read of a damaged database becomes an SQL file; nothing is put in place, and what is missing is named."""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import stat
import subprocess

import pytest
from django.utils import timezone
from holding import held_at
from realsite import DATABASE, Site, flip_bytes, kill_hard, leftovers, point_settings_at, practice_server, run_sql
from restarting import restarting_server, stages

from backups import services
from backups.domain.job import Job
from backups.domain.mariadb.salvage import SalvageOrder, _Rescue
from backups.domain.mariadb.tabledump import Client, Dumped, dump_tables
from backups.domain.mariadb.throwaway import (
    Throwaway,
    ThrowawayOrder,
    install_database,
    make_private_folder,
    throwaway_server,
)
from backups.domain.process import Identity
from backups.domain.restore.errors import DatabaseUnsoundError
from backups.models import BackupRun, SqlFile
from backups.services.preview import make_preview
from backups.services.restorerequest import RestoreRequest
from backups.services.runs import Recorder
from backups.services.sqlrequest import list_sql_files
from backups.services.uploading import KEPT_FOR
from demo.server import PracticeServer
from oobsite.accounts.actors import system_actor

NAME = "elexisdb_2020-01-02-0304.tar.gz"
PAGE = 16384
SMALL_LOG = ("--innodb-log-file-size=4M", "--innodb-buffer-pool-size=8M")


# --- damaged sets ---------------------------------------------------------------------------------------------
def naive_tar(datadir, archive) -> None:
    """As the predecessor: whatever tar says of files that change."""
    subprocess.run(["tar", "-czf", archive, "-C", datadir, "."], check=False, stderr=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def torn(tmp_path_factory):
    """What tar gets of a busy server: half of the files before, half after more was written than the log holds."""
    archive = tmp_path_factory.mktemp("torn") / NAME
    copy = archive.parent / "data"
    with practice_server(patients=60, options=SMALL_LOG) as server:
        server.stop()  # all pages are on the disk
        server.start()
        late = ("ib_logfile0", "ibdata1", "ibtmp1")
        shutil.copytree(server.datadir, copy, ignore=shutil.ignore_patterns(*late))
        for number in range(30):
            run_sql(server, f"UPDATE {DATABASE}.laborwerte SET Resultat = REPEAT('x', {number})")
        for name in ("ib_logfile0", "ibdata1"):
            shutil.copy(server.datadir / name, copy)
    naive_tar(copy, archive)
    return archive


@pytest.fixture(scope="module")
def burnt_data(tmp_path_factory):
    """The folder of a server that died while it was writing, one page of a table bad; and the rows of its tables."""
    data = tmp_path_factory.mktemp("burnt") / "data"
    with practice_server(patients=60) as server:
        server.stop()  # all pages are on the disk
        server.start()
        rows = count_rows(server)
        run_sql(server, f"UPDATE {DATABASE}.laborwerte SET Resultat = 'x'")
        server.kill()
        flip_bytes(server.datadir / DATABASE / "laborwerte.ibd", 5 * PAGE + 200)
        shutil.copytree(server.datadir, data)
    return data, rows


@pytest.fixture
def burnt(burnt_data, site):
    """The archive of it in the backup folder; and the rows that its tables had."""
    naive_tar(burnt_data[0], site / "backup" / NAME)
    return burnt_data[1]


def count_rows(server, database=DATABASE):
    with contextlib.closing(server.connect(database)) as conn, conn.cursor() as cursor:
        cursor.execute("SHOW FULL TABLES WHERE Table_type <> 'VIEW'")
        names = [name for name, _ in cursor.fetchall()]
        return {name: count(cursor, name) for name in names}


def count(cursor, name):
    cursor.execute(f"SELECT COUNT(*) FROM `{name}`")
    return cursor.fetchone()[0]


@pytest.fixture
def salvage(run_command):
    """Recover from the archive; the exit code, and rows and state of each table."""

    def run():
        code, content = run_command("salvagebackup", NAME)
        return code, {table["name"]: (table["rows"], table["state"]) for table in content["result"]["tables"]}

    return run


# --- what comes out -------------------------------------------------------------------------------------------
def test_all_but_the_damaged_table_is_recovered(burnt, salvage):
    code, found = salvage()
    assert code == 3
    assert found.pop("laborwerte")[1] in ("partly", "lost")
    views = {name: state for name, (_, state) in found.items() if name not in burnt}
    assert views == {"offene_posten": "whole"}
    expected = {name: (rows, "whole") for name, rows in burnt.items() if name != "laborwerte"}
    assert {name: found[name] for name in burnt if name != "laborwerte"} == expected


def test_the_sql_file_can_be_loaded_and_holds_what_was_told(burnt, salvage, folder):
    _, found = salvage()
    (file,) = SqlFile.objects.all()
    with PracticeServer(folder / "fresh") as fresh:
        run_sql(fresh, "CREATE DATABASE again")
        load = ["mariadb", "--no-defaults", f"--socket={fresh.socket}", "--binary-mode", "again"]
        subprocess.run(load, input=gzip.decompress(file.path.read_bytes()), check=True)
        rows = count_rows(fresh, "again")
        with contextlib.closing(fresh.connect("again")) as conn, conn.cursor() as cursor:
            cursor.execute("SELECT alter_in_jahren('20000101', '2020-01-01') FROM offene_posten LIMIT 1")
            assert cursor.fetchall() == ((20,),)
            cursor.execute("SELECT COUNT(*) FROM information_schema.events WHERE event_schema = 'again'")
            assert cursor.fetchall() == ((1,),)
    assert rows == {name: count for name, (count, _) in found.items() if name in rows}
    assert set(rows) >= set(burnt) - {"laborwerte"}


def test_the_file_is_complete_private_and_offered(burnt, salvage):
    salvage()
    (file,) = SqlFile.objects.all()
    assert (file.origin, file.is_complete, file.run.action) == ("salvage", True, "salvage")
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o640
    assert b"-- Dump completed" in gzip.decompress(file.path.read_bytes())[-200:]
    assert [listed.token for listed in list_sql_files()] == [f"sqlfile:{file.uid}"]
    assert list(file.path.parent.iterdir()) == [file.path]
    (told,) = [line["params"] for line in file.run.log if line["code"] == "sql-file-ends"]
    assert told == {"name": file.title, "removed_on": f"{timezone.localdate(file.created_at + KEPT_FOR)}"}


def test_of_files_of_two_times_it_is_said_that_rows_may_be_old(torn, site, run_command, salvage):
    shutil.copy(torn, site / "backup" / NAME)
    assert run_command("provebackup", NAME)[0] == 1
    code, found = salvage()
    assert code == 3
    assert found["laborwerte"][1] in ("partly", "lost")
    assert found["kontakt"][0] == 72
    assert "salvage-live-copy" in [line["code"] for line in BackupRun.objects.latest().log]


@pytest.mark.parametrize(("table", "kind"), [("global_priv", "events"), ("event", "events"), ("proc", "routines")])
def test_what_beside_tables_cannot_be_read_is_said(burnt_data, site, salvage, tmp_path, table, kind):
    data = shutil.copytree(burnt_data[0], tmp_path / "data")
    for path in (data / "mysql").glob(f"{table}.MA?"):
        path.unlink()
    naive_tar(data, site / "backup" / NAME)
    _, found = salvage()
    assert found["kontakt"] == (burnt_data[1]["kontakt"], "whole")
    run = BackupRun.objects.latest()
    assert run.result["unread"] == [kind]
    assert f"salvage-without-{kind}" in [line["code"] for line in run.log]


def test_a_log_of_aria_that_does_not_fit_is_done_without(burnt_data, site, salvage, tmp_path):
    data = shutil.copytree(burnt_data[0], tmp_path / "data")
    flip_bytes(data / "aria_log_control", 0, 20)
    naive_tar(data, site / "backup" / NAME)
    _, found = salvage()
    assert found["journal"][0] == burnt_data[1]["journal"]
    assert found["kontakt"] == (burnt_data[1]["kontakt"], "whole")


def test_a_database_without_one_readable_row_is_said_to_be_so(burnt_data, site, run_command, tmp_path):
    data = shutil.copytree(burnt_data[0], tmp_path / "data")
    flip_bytes(data / "ibdata1", 0, 8 * PAGE)
    for path in (data / DATABASE).glob("*.M??"):
        path.unlink()
    naive_tar(data, site / "backup" / NAME)
    code, content = run_command("salvagebackup", NAME)
    assert (code, content["error"]) == (1, "database-unreadable")
    assert not SqlFile.objects.exists()


def test_only_a_database_can_be_recovered(site, run_command):
    (site / "some").mkdir()
    naive_tar(site / "some", site / "backup" / "pacsdata_2020-01-02-0304.tar.gz")
    code, content = run_command("salvagebackup", "pacsdata_2020-01-02-0304.tar.gz")
    assert (code, content["error"]) == (1, "archive-unfit")


# --- it is never put in place ---------------------------------------------------------------------------------
def test_a_damaged_database_is_not_put_in_place(burnt_data, installation, settings):
    with restarting_server() as server:
        point_settings_at(server.practice, settings)
        server.wait()
        naive_tar(burnt_data[0], installation / "backup" / NAME)
        request = RestoreRequest((NAME,), with_safety_backup=False).to_json()
        run = services.create_run(system_actor(), "restore", BackupRun.Trigger.COMMAND, request)
        with pytest.raises(DatabaseUnsoundError):
            services.carry_out(run, Recorder(run))
        assert server.label() == "first"
        assert stages(server.datadir) == []
        (problem,) = make_preview([NAME]).problems
        assert isinstance(problem, DatabaseUnsoundError)
    assert leftovers(installation) == []


# --- one table after the other ---------------------------------------------------------------------------------
def test_no_reading_overwrites_what_another_has_brought(server, site, folder):
    """Two tables that are read once more, with more force, when both had their turn before."""
    (folder / "jobs").mkdir()
    job = Job("0123456789ab", folder / "jobs")
    rescue = _Rescue(SalvageOrder(folder / NAME, None, DATABASE, Identity(os.geteuid(), os.getegid())), job)
    names = ("kontakt", "faelle")
    with subprocess.Popen(["true"]) as child:
        client = Client(Throwaway(child, str(server.socket), -1), DATABASE, job, 60)
        for name in names:
            rescue.tables[name] = rescue._read(client, name, 1)
        again = [rescue._read(client, name, 2) for name in names]
    assert b"INSERT INTO `kontakt`" in gzip.decompress(again[0].chunk.read_bytes())
    assert len({table.chunk for table in (*rescue.tables.values(), *again)}) == 4


# --- when it is interrupted -----------------------------------------------------------------------------------
def test_a_server_that_hangs_is_killed_and_the_table_given_up(folder):
    identity, job = Identity(64_990, 64_990), Job("0123456789ab", folder)
    private = make_private_folder(folder / "private", identity)
    order = ThrowawayOrder(private, install_database(private, identity, job, {}), identity, is_prepared=False)
    with throwaway_server(order, job) as server:
        server.child.send_signal(19)  # SIGSTOP
        assert dump_tables(Client(server, "mysql", job, 1), ["db"], folder / "chunk") == Dumped(0, False)
        assert server.child.poll() is not None


@pytest.fixture
def commands(server, folder, prepared, burnt_data):
    site = Site(folder, server, prepared)
    naive_tar(burnt_data[0], site.backup_dir / NAME)
    return site


def test_a_killed_recovery_leaves_nothing_behind_once_the_next_has_run(commands):
    with held_at("salvage", commands, "salvagebackup", NAME) as child:
        kill_hard(child)
    code, content = commands.run("salvagebackup", NAME)
    assert code == 3
    assert leftovers(commands.folder) == []
    assert [path.name for path in (commands.folder / "data" / "sql").iterdir()] == [f"{content['result']['file']}.sql"]
