from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import MySQLdb
import pytest
from realsite import is_alive
from waiting import wait_until

from demo.server import SOCKET_PATH_LIMIT, PracticeServer, PracticeServerError


def test_data_survive_a_stop_and_a_kill(folder):
    server = PracticeServer(folder)
    server.start()
    server.connect().query("CREATE DATABASE vorher")
    server.stop()
    assert not server.is_running
    server.start()
    server.connect().query("CREATE TABLE vorher.t ENGINE=InnoDB AS SELECT 1 AS n")
    server.kill()
    with server:
        cursor = server.connect("vorher").cursor()
        assert cursor.execute("SELECT n FROM t") == 1
    assert not server.run_dir.exists()


def test_server_runs_as_the_owner_of_its_data(practice):
    owner = practice.datadir.stat().st_uid
    assert owner == practice.uid != 0
    assert Path(f"/proc/{practice.pid}").stat().st_uid == owner


def test_long_folder_gets_a_short_socket(folder):
    with PracticeServer(folder / ("lang" * 30)) as server:
        assert len(os.fsencode(server.socket)) <= SOCKET_PATH_LIMIT
        assert server.socket.parent.stat().st_mode & 0o077 == 0
    assert not server.socket.parent.exists()


def test_options_win_over_the_usual_ones(folder):
    options = ["--innodb-log-file-size=16M", "--innodb-page-size=8192"]
    with PracticeServer(folder, options=options, lower_case_table_names=0, datadir=folder / "daten") as server:
        cursor = server.connect().cursor()
        cursor.execute("SELECT @@innodb_log_file_size >> 20, @@innodb_page_size, @@lower_case_table_names, @@datadir")
        assert cursor.fetchone() == (16, 8192, 0, f"{folder}/daten/")


def test_failed_start_shows_the_error_log(folder):
    with pytest.raises(PracticeServerError, match="unknown option '--gibt-es-nicht'"):
        PracticeServer(folder, options=["--gibt-es-nicht"]).start()


def test_a_second_server_in_the_same_folder_is_refused(practice):
    with pytest.raises(PracticeServerError, match="Another server runs"):
        PracticeServer(practice.folder).start()
    assert practice.is_running
    practice.connect().close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as somebody else")
def test_folder_that_the_server_cannot_enter_is_named(folder):
    closed = folder / "zu"
    closed.mkdir(mode=0o700)
    with pytest.raises(PracticeServerError, match=f"cannot enter and write {closed}/elexisdb"):
        PracticeServer(closed).start()


def test_server_ends_with_its_parent(folder):
    code = f"""
import os
from pathlib import Path
from demo.server import PracticeServer
server = PracticeServer(Path({str(folder)!r}))
server.start()
os.write(1, str(server.pid).encode())
os.kill(os.getpid(), 9)
"""
    root = Path(__file__).parents[2]
    pid = int(subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=False).stdout)
    wait_until(lambda: not is_alive(pid))


def test_accounts_have_their_rights_and_no_more(practice):
    app = practice.connect("elexisoob", practice.app_user, practice.app_password)
    app.query("UPDATE config SET wert = 'x' WHERE param = 'created'")
    backup = practice.connect("elexisoob", practice.backup_user, practice.backup_password).cursor()
    backup.execute("SHOW GRANTS")
    first = backup.fetchall()[0][0]
    assert first.startswith("GRANT RELOAD, PROCESS, LOCK TABLES, BINLOG MONITOR ON *.*")
    with pytest.raises(MySQLdb.OperationalError, match="denied"):
        backup.execute("DELETE FROM config")


def test_accounts_can_lack_a_right(folder):
    with PracticeServer(folder) as server:
        server.create_accounts(rights=["PROCESS"], database_rights=[])
        cursor = server.connect(None, server.backup_user, server.backup_password).cursor()
        cursor.execute("SHOW GRANTS")
        grants = [row[0] for row in cursor.fetchall()]
    assert len(grants) == 1
    assert grants[0].startswith("GRANT PROCESS ON *.*")
