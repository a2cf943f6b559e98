"""Cold backups: only of a server that is stopped, and that stays so while its files are copied."""

from __future__ import annotations

import contextlib
import subprocess
import threading

import pytest
from realsite import DATABASE, archives_in, booted, point_settings_at, run_sql
from waiting import wait_until

from backups.domain.manifest import read_manifest
from demo.invariants import check_invariants
from demo.server import PracticeServer, PracticeServerError, short_folder

BACKUP = ("runbackup", "--source", "elexisdb", "--cold")


@pytest.fixture
def stopped(server):
    server.stop()
    yield server
    server.start()


def require_good(site, run_command) -> None:
    assert run_command("provebackup")[0] == 0
    with booted(archives_in(site / "backup")[-1], site) as copy, contextlib.closing(copy.connect()) as conn:
        assert check_invariants(conn, DATABASE) == []


def test_files_with_other_start_options_are_saved_and_proved(installation, settings, run_command):
    """Pages of 8 KiB are too small for the keys of the demo's tables: one table stands for the practice."""
    options = ("--innodb-page-size=8k", "--innodb-undo-tablespaces=3")
    with (
        short_folder() as folder,
        PracticeServer(folder, datadir=folder / "elexisdb", options=options, lower_case_table_names=0) as server,
    ):
        run_sql(server, "CREATE DATABASE ElexisOOB", "CREATE TABLE ElexisOOB.Kontakt (id INT) AS SELECT 1 AS id")
        point_settings_at(server, settings)
        server.stop()
        code, content = run_command(*BACKUP)
    assert (code, content["log"][0]["code"]) == (3, "saved-cold")
    manifest = read_manifest(archives_in(installation / "backup")[0])
    told = manifest.server
    assert manifest.counts_before["core"] == {"kontakt": 1}
    assert (told["innodb_page_size"], told["innodb_undo_tablespaces"], told["lower_case_table_names"]) == (8192, 3, 0)
    assert run_command("provebackup")[0] == 0


def test_the_manifest_claims_nothing_of_the_server_that_its_files_do_not_tell(site, stopped, run_command):
    """The practice's server has lower_case_table_names=1, the private one 0: neither stands in the files."""
    run_command(*BACKUP)
    told = read_manifest(archives_in(site / "backup")[0]).server
    unknown = {name for name, value in told.items() if value is None}
    assert unknown == {
        "lower_case_table_names",
        "innodb_undo_tablespaces",
        "innodb_data_file_path",
        "version",
        "datadir",
        "log_bin",
        "gtid",
    }
    assert told["innodb_page_size"] == 16384
    assert {"InnoDB", "MyISAM"} <= set(told["engines"])
    assert run_command("provebackup")[0] == 0


def test_a_running_server_is_never_copied(site, run_command):
    code, content = run_command(*BACKUP)
    (line,) = content["log"]
    assert (code, line["code"], archives_in(site / "backup")) == (1, "server-running", [])


def test_a_server_that_was_stopped_is_copied(site, stopped, run_command):
    code, content = run_command(*BACKUP)
    assert (code, content["log"][0]["code"]) == (3, "saved-cold")
    require_good(site, run_command)


def test_a_server_that_was_killed_while_somebody_wrote_is_copied(server, site, writing, run_command):
    wait_until(lambda: writing.commits() > 200)
    server.kill()
    with contextlib.suppress(RuntimeError):
        writing.stop()
    try:
        assert run_command(*BACKUP)[0] == 3
        require_good(site, run_command)
    finally:
        server.start()


def test_no_server_starts_while_its_files_are_copied(site, stopped, run_command, fake_tool, folder):
    """The copy waits until a server has tried, in vain."""
    wait = f'case "$*" in *sql-oob*) touch {folder}/copying; until test -e {folder}/tried; do sleep 0.05; done;; esac'
    fake_tool("tar", f'{wait}\nexec {{real}} "$@"')
    refused = []

    def is_refused() -> bool:
        with contextlib.suppress(PracticeServerError):
            stopped.start(timeout_seconds=3)
        refused.append(stopped.error_log.read_text().lower())
        return "lock" in refused[-1] or stopped.is_running

    def try_to_start() -> None:
        wait_until((folder / "copying").exists)
        stopped.error_log.write_text("")
        wait_until(is_refused)
        (folder / "tried").touch()

    thread = threading.Thread(target=try_to_start)
    thread.start()
    code, _content = run_command(*BACKUP)
    thread.join()
    assert (code, "lock" in refused[-1], stopped.is_running) == (3, True, False)
    require_good(site, run_command)


def test_the_folder_of_an_exchange_is_not_copied(server, site, stopped, run_command):
    (server.datadir / "#sql-oob-x").mkdir()
    (server.datadir / "#sql-oob-x" / "ibdata1").write_text("old")
    try:
        assert run_command(*BACKUP)[0] == 3
    finally:
        (server.datadir / "#sql-oob-x" / "ibdata1").unlink()
        (server.datadir / "#sql-oob-x").rmdir()
    names = subprocess.run(["tar", "tzf", archives_in(site / "backup")[0]], capture_output=True, text=True).stdout
    assert "ibdata1" in names
    assert "sql-oob" not in names


def test_the_folder_of_an_exchange_is_not_in_a_hot_backup(server, site, run_command):
    (server.datadir / "#sql-oob-x").mkdir()
    (server.datadir / "#sql-oob-x" / "kept").write_text("old")
    try:
        assert run_command("runbackup", "--source", "elexisdb")[0] == 0
    finally:
        (server.datadir / "#sql-oob-x" / "kept").unlink()
        (server.datadir / "#sql-oob-x").rmdir()
    names = subprocess.run(["tar", "tzf", archives_in(site / "backup")[0]], capture_output=True, text=True).stdout
    assert "sql-oob" not in names


def test_a_copy_that_the_old_server_could_not_read_is_not_kept(site, stopped, run_command, monkeypatch):
    """A server before 10.8: our newer one writes its redo log in another format."""
    formats = iter([b"\x80\x00\x00\x69", b"Phys"])
    monkeypatch.setattr("backups.domain.mariadb.cold.read_log_format", lambda _folder: next(formats))
    code, answer = run_command(*BACKUP)
    assert (code, answer["log"][-1]["code"]) == (1, "cold-format")
    assert archives_in(site / "backup") == []
