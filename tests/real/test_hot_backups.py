"""Hot backups of a server whose users never stop writing, and of one whose tables change shape meanwhile."""

from __future__ import annotations

import contextlib
import threading

import MySQLdb
import pytest
from realsite import DATABASE, archives_in, booted, practice_server
from waiting import wait_until

from demo.invariants import check_invariants, read_number

DOCUMENTS_MB = 40
FEWEST_COMMITS = 500


@pytest.fixture(scope="module")
def server():
    """A server whose commits do not wait for the disk, so that the writer is as fast as it can be anywhere."""
    options = ["--innodb-flush-log-at-trx-commit=2"]
    with practice_server(patients=100, megabytes=DOCUMENTS_MB, options=options) as server:
        yield server


# Holds the tool while it copies InnoDB, where it holds nobody up, as long as the copy of a large practice would take.
SLOW_TOOL = """
case "$*" in *--backup*) ;; *) exec mariadb-backup "$@";; esac
mariadb-backup "$@" 2>{folder}/log & tool=$!
until grep -q "Copying ./mysql/" {folder}/log; do kill -0 $tool || break; sleep 0.02; done
kill -STOP $tool; touch {folder}/held; until test -e {folder}/go; do sleep 0.05; done; kill -CONT $tool
wait $tool; status=$?; cat {folder}/log >&2; exit $status
"""


@pytest.fixture
def slow_copy(fake_tool, settings, folder, writing):
    """A copy that lasts until the writer has committed often enough."""
    settings.OOB_MARIADB_BACKUP = str(fake_tool("slow-backup", SLOW_TOOL.replace("{folder}", str(folder))))

    def let_go():
        try:
            wait_until((folder / "held").exists)
            first = writing.commits()
            wait_until(lambda: writing.commits() >= first + FEWEST_COMMITS)
        finally:
            (folder / "go").touch()

    thread = threading.Thread(target=let_go)
    thread.start()
    yield
    thread.join()


def transfers(server) -> int:
    with contextlib.closing(server.connect(DATABASE)) as conn:
        return read_number(conn.cursor(), "SELECT n FROM zaehler WHERE nr = 1")


@pytest.mark.parametrize("number", range(1, 6))
def test_a_hot_backup_under_full_load_is_one_state(server, site, slow_copy, run_command, number, capsys):
    before = transfers(server)
    code, backup = run_command("runbackup", "--source", "elexisdb")
    after = transfers(server)
    assert (code, backup["state"]) == (0, "done")
    assert run_command("provebackup")[0] == 0
    archive = archives_in(site / "backup")[-1]
    with booted(archive, site) as copy, contextlib.closing(copy.connect()) as conn:
        assert check_invariants(conn, DATABASE) == []
        kept = read_number(conn.cursor(), f"SELECT n FROM {DATABASE}.zaehler")
    with capsys.disabled():
        rate = (after - before) / backup["seconds"]
        print(f"\nbackup {number}: {kept - before} commits while it copied, {rate:.0f}/s, {backup['seconds']:.1f} s")
    assert kept - before >= FEWEST_COMMITS


def change_tables(server, stop: threading.Event) -> None:
    """Create, fill, change, rename, optimize and drop tables until told to stop."""
    with contextlib.closing(server.connect(DATABASE)) as conn:
        for number in range(1_000_000):
            if stop.is_set():
                break
            for statement in (
                f"CREATE TABLE ddl_{number} (id INT PRIMARY KEY, t LONGTEXT) ENGINE=InnoDB",
                f"INSERT INTO ddl_{number} SELECT seq, REPEAT('x', 2000) FROM seq_1_to_500",
                f"ALTER TABLE ddl_{number} ENGINE={('MyISAM', 'Aria', 'InnoDB')[number % 3]}, ADD KEY (t(40))",
                f"RENAME TABLE ddl_{number} TO ddl_other",
                "OPTIMIZE TABLE ddl_other",
                "DROP TABLE ddl_other",
            ):
                with conn.cursor() as cursor:
                    cursor.execute(statement)


@pytest.fixture
def changing(server):
    stop = threading.Event()
    thread = threading.Thread(target=change_tables, args=(server, stop))
    thread.start()
    yield
    stop.set()
    thread.join()
    with contextlib.closing(server.connect(DATABASE)) as conn, contextlib.suppress(MySQLdb.Error):
        conn.query("DROP TABLE ddl_other")


@pytest.mark.parametrize("number", range(1, 3))
def test_changes_of_tables_end_in_a_good_backup_or_in_a_clear_failure(
    server, site, changing, writing, run_command, number, capsys
):
    code, backup = run_command("runbackup", "--source", "elexisdb")
    with capsys.disabled():
        print(f"\nbackup {number} while tables change: {backup['state']}, {backup['seconds']:.1f} s")
    if code:
        assert [line["code"] for line in backup["log"]] == ["hot-backup"]
        assert archives_in(site / "backup") == []
    else:
        _code, proof = run_command("provebackup")
        # MariaDB's tool may tear a table that is changed meanwhile; then the proof must name it.
        errors = [line["params"] for line in proof["log"] if line["level"] == "error"]
        torn = [params["table"] for params in errors if "table" in params]
        assert all(name.startswith(f"{DATABASE}.ddl_") for name in torn), proof["log"]
        assert proof["ok"] or torn, proof["log"]
