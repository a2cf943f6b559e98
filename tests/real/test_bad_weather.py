"""What can go wrong between us and the practice's server: each has its error and its sentence, and leaves nothing."""

from __future__ import annotations

import pytest
from realsite import archives_in, is_alive, point_settings_at, practice_server, run_sql
from waiting import wait_until

from demo.server import BACKUP_RIGHTS, DATABASE_RIGHTS

BACKUP = ("runbackup", "--source", "elexisdb")


@pytest.fixture
def fails(run_command, site):
    """Run a backup that must fail; returns the line of its log that says why."""

    def fails(*arguments: str, exit_code: int = 1):
        code, content = run_command(*BACKUP, *arguments)
        assert (code, archives_in(site / "backup")) == (exit_code, [])
        (line,) = [line for line in content["log"] if line["level"] == "error"]
        assert "%(" not in line["text"]
        assert len(line["text"]) > 40
        return line

    return fails


@pytest.fixture
def lacking(server):
    """Take rights away from the backup account; the next test has them all again."""

    def lacking(*statements: str, rights=BACKUP_RIGHTS, database_rights=DATABASE_RIGHTS):
        server.create_accounts(rights=rights, database_rights=database_rights)
        run_sql(server, *(statement.format(account=f"'{server.backup_user}'@'localhost'") for statement in statements))

    yield lacking
    server.create_accounts()


def without(rights: tuple[str, ...], *missing: str) -> list[str]:
    return [right for right in rights if right not in missing]


# --- rights and logins --------------------------------------------------------------------------------------
@pytest.mark.parametrize("right", ["RELOAD", "PROCESS", "LOCK TABLES"])
def test_a_right_that_a_hot_backup_needs_is_named(fails, lacking, right):
    lacking(rights=without(BACKUP_RIGHTS, right))
    line = fails()
    assert (line["code"], line["params"]["rights"]) == ("rights-missing", [f"{right} ON *.*"])


def test_a_server_with_binary_log_wants_one_right_more(installation, settings, run_command):
    with practice_server(patients=1, options=["--log-bin=bin", "--server-id=1"]) as server:
        server.create_accounts(rights=without(BACKUP_RIGHTS, "REPLICATION CLIENT"))
        point_settings_at(server, settings)
        first = run_command(*BACKUP)
        server.create_accounts()
        second = run_command(*BACKUP)
    assert first[1]["log"][0]["params"]["rights"] == ["BINLOG MONITOR ON *.*"]
    assert second[0] == 0


def test_the_right_to_count_is_named(fails, lacking):
    lacking(database_rights=without(DATABASE_RIGHTS, "SELECT"))
    line = fails()
    assert (line["code"], line["params"]["rights"]) == ("rights-missing", ["SELECT ON `elexisoob`.*"])


@pytest.fixture
def missing_for_dump(run_command, site, settings):
    """Make a dump that must fail, without the hot backup that comes before it; returns the rights that it lacks."""

    def missing_for_dump() -> list[str]:
        settings.OOB_MARIADB_BACKUP = "mariadb-backup-9"
        code, content = run_command(*BACKUP, "--dump")
        assert (code, archives_in(site / "backup")) == (1, [])
        return content["log"][-1]["params"]["rights"]

    return missing_for_dump


@pytest.mark.parametrize("right", ["SELECT", "SHOW VIEW", "TRIGGER", "EVENT"])
def test_a_right_that_a_dump_needs_is_named(lacking, missing_for_dump, right):
    lacking(database_rights=without(DATABASE_RIGHTS, right))
    assert missing_for_dump() == [f"{right} ON `elexisoob`.*"]


def test_the_right_to_see_routines_is_named(lacking, missing_for_dump):
    lacking("REVOKE SELECT ON mysql.proc FROM {account}")
    assert missing_for_dump() == ["SELECT ON `mysql`.`proc`"]


def test_rights_that_come_from_a_role_count(lacking, run_command, site):
    lacking(
        "CREATE OR REPLACE ROLE keeper",
        "GRANT RELOAD, PROCESS, LOCK TABLES, REPLICATION CLIENT ON *.* TO keeper",
        "GRANT SELECT ON elexisoob.* TO keeper",
        "GRANT keeper TO {account}",
        "SET DEFAULT ROLE keeper FOR {account}",
        rights=[],
        database_rights=[],
    )
    assert run_command(*BACKUP)[0] == 0


def test_a_wrong_password_names_the_account(fails, settings):
    settings.OOB_BACKUP_DBPWD = "falsch"
    line = fails()
    assert (line["code"], line["params"]["user"]) == ("login-refused", "oob_backup")


def test_any_password_reaches_the_tool(server, site, settings, run_command, lacking):
    password = "a\"b\\c'd #;=ü€"
    literal = password.replace("\\", "\\\\").replace("'", "''")
    lacking(f"SET PASSWORD FOR {{account}} = PASSWORD('{literal}')")
    settings.OOB_BACKUP_DBPWD = password
    assert run_command(*BACKUP)[0] == 0


def test_a_server_that_is_down_is_unreachable(fails, settings, folder):
    settings.OOB_DBSOCKET = str(folder / "nothing")
    assert fails()["code"] == "server-unreachable"


def test_a_server_that_is_down_on_the_network_is_unreachable(fails, settings):
    settings.OOB_DBSOCKET, settings.DBHOST, settings.DBPORT = "", "127.0.0.1", 1
    line = fails()
    assert (line["code"], line["params"]["address"]) == ("server-unreachable", "127.0.0.1:1")


# --- the tool -----------------------------------------------------------------------------------------------
@pytest.fixture
def tool(fake_tool, settings):
    """Put a script in the place of mariadb-backup; asked for its version it is the real one."""

    def tool(script: str) -> None:
        head = 'case "$*" in --version) exec mariadb-backup --version;; esac\n'
        find = 'for word; do case "$word" in --target-dir=*) target="${word#--target-dir=}";; esac; done\n'
        settings.OOB_MARIADB_BACKUP = str(fake_tool("fake-backup", head + find + script))

    return tool


def only_in(phase: str, script: str) -> str:
    """A script that does something of its own in one phase and is the real tool in the other."""
    return f'case "$*" in *--{phase}*) {script};; *) exec mariadb-backup "$@";; esac'


def test_a_missing_tool_is_named(fails, settings):
    settings.OOB_MARIADB_BACKUP = "mariadb-backup-9"
    line = fails()
    assert (line["code"], line["params"]["tool"]) == ("tool-missing", "mariadb-backup-9")


@pytest.mark.parametrize(
    "message",
    [
        "[00] FATAL ERROR: 2026-11-24 03:15:00 Error: Unsupported server version: '10.5.23-MariaDB'.",
        "2026-11-24  3:15:00 0 [ERROR] InnoDB: Unsupported redo log format. "
        "The redo log was created with MariaDB 10.11.19.",
    ],
)
def test_a_tool_that_cannot_read_this_server_is_a_mismatch(fails, tool, message):
    tool(f'echo "{message}" >&2; exit 1')
    line = fails()
    assert line["code"] == "version-mismatch"
    assert line["params"]["server_version"].startswith("10.")


def test_a_tool_of_an_older_series_is_not_even_started(fails, fake_tool, settings, folder):
    script = 'case "$*" in --version) echo "mariadb-backup based on MariaDB server 10.5.23-MariaDB debian-linux-gnu";;'
    settings.OOB_MARIADB_BACKUP = str(fake_tool("old-backup", f"{script} *) touch {folder}/started;; esac"))
    assert fails()["code"] == "version-mismatch"
    assert not (folder / "started").exists()


NO_LAST_WORD = 'mariadb-backup "$@" 2>&1 | grep -v "completed OK!" >&2; exit 0'
ERROR_LINE = 'echo "[ERROR] InnoDB: broken page" >&2; exec mariadb-backup "$@"'
OTHER_STATE = """mariadb-backup "$@"; for file in "$target"/*_checkpoints; do
sed -i "s/backup_type = .*/backup_type = incremental/" "$file"; done"""


@pytest.mark.parametrize(
    ("phase", "script"),
    [
        ("backup", NO_LAST_WORD),
        ("backup", ERROR_LINE),
        ("backup", 'mariadb-backup "$@"; exit 1'),
        ("backup", "exit 0"),
        ("backup", OTHER_STATE),
        ("prepare", NO_LAST_WORD),
        ("prepare", OTHER_STATE),
    ],
)
def test_a_phase_that_did_not_end_well_is_no_backup(fails, tool, phase, script):
    tool(only_in(phase, script))
    line = fails()
    assert (line["code"], line["params"]["phase"]) == ("hot-backup", phase)


def test_a_failing_backup_is_tried_three_times(fails, tool, folder):
    tool(only_in("backup", f"echo x >> {folder}/tries; exit 1"))
    assert fails()["params"]["tries"] == 3
    assert (folder / "tries").read_text() == "x\n" * 3


def test_a_backup_that_succeeds_at_the_second_try_is_good(site, run_command, tool, folder):
    tool(only_in("backup", f'if mkdir {folder}/first; then exit 1; fi; exec mariadb-backup "$@"'))
    assert run_command(*BACKUP)[0] == 0
    assert run_command("provebackup")[0] == 0


def test_a_tool_that_hangs_is_killed_with_all_that_it_started(fails, tool, settings, folder):
    settings.OOB_BACKUP_TIMEOUT_HOURS = 3 / 3600
    tool(only_in("backup", f"trap '' TERM; sleep 600 & echo $! > {folder}/pid; sleep 600"))
    line = fails()
    assert (line["code"], line["params"]["command"]) == ("timed-out", "fake-backup")
    wait_until(lambda: not is_alive(int((folder / "pid").read_text())))


# --- room ---------------------------------------------------------------------------------------------------
def test_a_small_work_disk_is_seen_before_anything_starts(fails, tool, tmpfs, settings, folder):
    settings.OOB_WORK_DIR = tmpfs(folder / "small", "64M")
    tool(f"touch {folder}/started; exit 1")
    line = fails()
    assert (line["code"], line["params"]["path"]) == ("no-space", str(folder / "small"))
    assert not (folder / "started").exists()
    assert list((folder / "small").iterdir()) == []


def test_a_backup_disk_that_fills_up_keeps_nothing_half_made(run_command, site, tmpfs, settings, folder):
    settings.OOB_BACKUP_DIR = tmpfs(folder / "disk", "1M")
    code, content = run_command(*BACKUP)
    assert (code, content["log"][0]["code"]) == (1, "no-space")
    assert [path.name for path in (folder / "disk").iterdir()] == [".oobsite.lock"]
