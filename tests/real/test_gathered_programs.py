"""docker/gather-mariadb, here on our own system as within an image: what it gathers runs from a folder alone."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from realsite import ROOT, archives_in, point_settings_at

from demo.practice import build_database
from demo.server import PracticeServer, short_folder


@pytest.fixture(scope="module")
def gathered():
    with short_folder("oobg-") as folder:
        subprocess.run([ROOT / "docker" / "gather-mariadb", "/", folder / "mariadb"], check=True)
        yield folder / "mariadb"


def test_both_names_of_each_program_are_there(gathered):
    found = {path.name for path in (gathered / "bin").iterdir()}
    assert found >= {"mariadbd", "mysqld", "mariadb-dump", "mysqldump", "mariadb-backup", "mariabackup"}


@pytest.fixture
def programs(gathered, monkeypatch):
    monkeypatch.setenv("PATH", f"{gathered / 'bin'}:{os.environ['PATH']}")


def test_a_server_is_made_saved_and_proved_with_them(gathered, programs, folder, installation, settings, run_command):
    with PracticeServer(folder / "run", datadir=folder / "mnt" / "elexisdb") as server:
        conn = server.connect()
        build_database(conn, patients=20)
        conn.close()
        assert Path(f"/proc/{server.pid}/exe").readlink() == gathered / "lib" / "loader"
        server.create_accounts()
        point_settings_at(server, settings)
        code, told = run_command("runbackup", "--source", "elexisdb", "--dump")
        assert code in (0, 3), told
    assert len(archives_in(installation / "backup")) == 2
    assert run_command("provebackup")[0] == 0
