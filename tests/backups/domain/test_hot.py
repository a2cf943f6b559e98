"""mariadb-backup is believed only when everything agrees; here a shell script plays its part."""

from __future__ import annotations

import stat

import pytest

from backups.domain.errors import HotBackupError, TimedOutError, ToolMissingError, VersionMismatchError
from backups.domain.mariadb.hot import TRIES, HotOrder, find_problem, fits, read_tool_version, take_hot_backup
from backups.domain.mariadb.server import Access

VERSION = 'case "$*" in *--version*) echo "mariadb-backup based on MariaDB server 10.11.6-MariaDB Linux"; exit;; esac'
# Writes what the real one would; $FAULT is put in by each test.
SCRIPT = """
{version}
for argument; do case $argument in --target-dir=*) target=${{argument#*=}};; esac; done
echo x >> {calls}
case "$*" in
*--backup*) mkdir -p "$target/#sql-oob-1"; type=full-backuped;;
*) type=log-applied;;
esac
touch "$target/ibdata1" "$target/xtrabackup_info" "$target/backup-my.cnf"
echo "backup_type = $type" > "$target/mariadb_backup_checkpoints"
{fault}
echo "[00] 2026-11-24 03:15:00 completed OK!" >&2
"""


@pytest.fixture
def order(folder, fake_tool):
    def make(fault=":", server_version="10.11.6-MariaDB", timeout=30.0):
        script = SCRIPT.format(version=VERSION, calls=folder / "calls", fault=fault)
        tool = str(fake_tool("mariadb-backup", script))
        access = Access("db", 3306, "backup", 'ge"heim', "elexisoob")
        return HotOrder(access, folder, server_version, tool, timeout)

    return make


def take(order, job):
    return take_hot_backup(order, job, on_copied=lambda: None).folder


def test_a_good_backup_is_a_plain_data_folder(order, job):
    prepared = take(order(), job)
    assert [path.name for path in prepared.iterdir()] == ["ibdata1"]


def test_counting_happens_between_copy_and_preparation(order, job, folder):
    calls = []
    take_hot_backup(order(), job, on_copied=lambda: calls.append((folder / "calls").read_text()))
    assert calls == ["x\n"]


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        ("echo '[ERROR] InnoDB: gone' >&2", "[ERROR] InnoDB: gone"),
        ("echo 'FATAL ERROR: no' >&2", "FATAL ERROR: no"),
        ("echo 'half way' >&2; exit 0", "half way"),
        ("echo 'half way' >&2; exit 1", "(exit code 1)"),
        ("kill -9 $$", "(exit code -9)"),
        ('echo "backup_type = incremental" > "$target/mariadb_backup_checkpoints"', "backup_type is not full-backuped"),
        ('rm "$target/mariadb_backup_checkpoints"', "backup_type is not full-backuped"),
    ],
)
def test_a_backup_with_any_doubt_is_none(order, job, folder, fault, line):
    with pytest.raises(HotBackupError) as caught:
        take(order(fault), job)
    assert line in caught.value.line
    assert (caught.value.phase, caught.value.tries) == ("backup", TRIES)
    assert (folder / "calls").read_text() == "x\n" * TRIES


def test_a_preparation_that_fails_is_named(order, job):
    with pytest.raises(HotBackupError) as caught:
        take(order("case $type in log-applied) exit 1;; esac"), job)
    assert caught.value.phase == "prepare"


def test_the_second_try_may_succeed(order, job, folder):
    prepared = take(order(f"test $(wc -l < {folder / 'calls'}) -gt 1 || exit 1"), job)
    assert (prepared / "ibdata1").exists()


@pytest.mark.parametrize("text", ["Unsupported server version: '12.0'", "Unsupported redo log format."])
def test_a_version_that_does_not_fit_is_not_tried_again(order, job, folder, text):
    with pytest.raises(VersionMismatchError):
        take(order(f'echo "{text}" >&2; exit 1'), job)
    assert (folder / "calls").read_text() == "x\n"


def test_a_version_that_cannot_fit_is_not_tried_at_all(order, job, folder):
    with pytest.raises(VersionMismatchError):
        take(order(server_version="10.3.39-MariaDB"), job)
    assert not (folder / "calls").exists()


def test_a_backup_that_hangs_is_ended(order, job):
    with pytest.raises(TimedOutError) as caught:
        take(order("sleep 60", timeout=0.2), job)
    assert caught.value.command == "mariadb-backup"


def test_the_password_is_in_no_command_line_and_in_no_file_afterwards(order, job, folder):
    log = folder / "seen"
    fault = f'echo "$@" >> {log}; case $type in full*) cat "$(echo $1 | cut -d= -f2)" | grep -c heim >> {log};; esac'
    take(order(fault), job)
    assert "geheim" not in log.read_text().replace("\\", "").replace('"', "")
    assert "\n1\n" in log.read_text()
    assert not (job.work_dir / "client.cnf").exists()


def test_the_login_file_is_ours_alone(order, job, folder):
    take(order(f'case $type in full*) stat -c %a "${{1#*=}}" > {folder / "mode"};; esac'), job)
    assert (folder / "mode").read_text() == f"{stat.S_IRUSR | stat.S_IWUSR:o}\n"


def test_a_missing_tool_is_named():
    with pytest.raises(ToolMissingError):
        read_tool_version("mariadb-backup-of-nobody")


@pytest.mark.parametrize(
    ("tool", "server", "is_fit"),
    [
        ("10.11.6-MariaDB", "10.11.19-MariaDB", True),
        ("11.4.2-MariaDB", "10.8.0-MariaDB", True),
        ("10.11.6-MariaDB", "11.8.1-MariaDB", True),
        ("10.3.39-MariaDB", "10.3.1-MariaDB", True),
        ("10.11.6-MariaDB", "10.3.39-MariaDB", False),
        ("10.7.8-MariaDB", "10.8.0-MariaDB", False),
        ("", "10.3.39-MariaDB", False),
    ],
)
def test_which_tool_fits_which_server(tool, server, is_fit):
    assert fits(tool, server) is is_fit


def test_a_good_log_has_no_problem():
    assert find_problem(0, [b"[00] copying", b"[00] 2026-11-24 03:15:00 completed OK!"]) is None


def test_an_empty_log_is_a_problem():
    assert find_problem(0, []) == " (exit code 0)"
