"""What went wrong with MariaDB elsewhere, tried with a real server; each test names where it was seen."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest
from realsite import *  # noqa: F403 - fixtures
from realsite import archives_in

HOT = ("runbackup", "--source", "elexisdb")


@pytest.fixture(params=["hot", "cold"])
def back_up(request, server, site, run_command):
    """Back up hot, or cold while the server is stopped, and prove it; returns the names in the archive."""

    def back_up() -> list[str]:
        if request.param == "cold":
            server.stop()
        code, content = run_command(*HOT, *(["--cold"] if request.param == "cold" else []))
        assert code in (0, 3), content["log"]
        assert run_command("provebackup")[0] == 0
        listing = subprocess.run(["tar", "tzf", archives_in(site / "backup")[-1]], capture_output=True, text=True)
        return listing.stdout.splitlines()

    yield back_up
    server.start()


def test_mdev_21951_lost_and_found_in_the_data_folder(server, back_up):
    folder = server.datadir / "lost+found"
    folder.mkdir(mode=0o700)
    try:
        assert "./ibdata1" in back_up()
    finally:
        folder.rmdir()


def test_home_assistant_1353_sockets_in_the_data_folder(server, back_up, monkeypatch):
    monkeypatch.chdir(server.datadir)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("mysql.sock")
        try:
            assert "./mysql.sock" not in back_up()
        finally:
            Path("mysql.sock").unlink()


def test_home_assistant_1353_pipes_in_the_data_folder(server, back_up):
    pipe = server.datadir / "pipe"
    os.mkfifo(pipe)
    try:
        assert "./ibdata1" in back_up()
    finally:
        pipe.unlink()


def test_home_assistant_1575_a_naive_copy_is_never_verified_until_it_is_proved(server, site, run_command):
    name = "elexisdb_2020-01-02-0304.tar.gz"
    subprocess.run(["tar", "-czf", site / "backup" / name, "-C", server.datadir, "."], check=False)
    (archive,) = run_command("listbackups")[1]["archives"]
    assert (archive["origin"], archive["proof"]) == ("legacy", "none")


def test_mdev_22554_an_exit_code_of_0_is_not_success(site, run_command, fake_tool, settings):
    script = """case "$*" in --version) exec mariadb-backup --version;; esac
mariadb-backup "$@"; echo "[ERROR] InnoDB: Database page corruption" >&2; exit 0"""
    settings.OOB_MARIADB_BACKUP = str(fake_tool("lying-backup", script))
    code, content = run_command(*HOT)
    assert (code, content["log"][0]["code"], archives_in(site / "backup")) == (1, "hot-backup", [])


def test_cyberpanel_1823_a_backup_of_nothing_is_not_success(site, run_command, fake_tool, settings):
    script = """case "$*" in --version) exec mariadb-backup --version;; esac
for word; do case "$word" in --target-dir=*) mkdir -p "${word#--target-dir=}";; esac; done; echo "completed OK!" >&2"""
    settings.OOB_MARIADB_BACKUP = str(fake_tool("empty-backup", script))
    code, content = run_command(*HOT)
    assert (code, content["log"][0]["code"], archives_in(site / "backup")) == (1, "hot-backup", [])


def test_a_password_is_never_in_a_command_line(site, run_command, fake_tool, settings, folder):
    record = f'echo "$@" >> {folder}/arguments; env >> {folder}/arguments; exec mariadb-backup "$@"'
    settings.OOB_MARIADB_BACKUP = str(fake_tool("recording-backup", record))
    assert run_command(*HOT)[0] == 0
    text = (folder / "arguments").read_text()
    assert "--defaults-file" in text
    assert settings.OOB_BACKUP_DBPWD not in text
