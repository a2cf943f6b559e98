"""What went wrong in other backup tools when somebody needed his data."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess

import pytest

from backups.domain.errors import HotBackupError
from backups.domain.mariadb.dump import DumpScanner, require_complete
from backups.domain.mariadb.hot import HotOrder, find_problem, take_hot_backup
from backups.domain.mariadb.server import Access
from backups.models import BackupArchive, BackupRun

SANDBOX_LINES = [rb"/*!999999\- enable the sandbox mode */", rb"/*M!999999\- enable the sandbox mode */"]


def test_archives_and_manifests_stand_alone(practice, run_command):
    """duplicati#6626, #6688: without the program's own database nothing could be restored."""
    run_command("runbackup")
    run_command("provebackup")
    BackupArchive.objects.all().delete()
    BackupRun.objects.all().delete()
    answer = run_command("scanbackups")[1]
    assert answer["added"] == 2
    assert run_command("verifybackup")[1]["ok"]
    assert set(BackupArchive.objects.values_list("proof", flat=True)) == {"proved"}


def test_data_comes_back_by_hand_with_nothing_but_tar(practice, run_command, folder):
    """databasus#217, #244, #270: the tool's server was gone, and nobody knew how to restore by hand."""
    content = (practice / "mnt" / "pacsdata" / "file").read_bytes()
    name = run_command("runbackup", "--source", "pacsdata")[1]["archives"][0]["name"]
    (folder / "new-server").mkdir()
    recipe = 'cd "$1" && tar xzf "$2"'
    environment = {"PATH": "/usr/bin:/bin"}
    command = ["sh", "-ec", recipe, "sh", folder / "new-server", practice / "backup" / name]
    subprocess.run(command, env=environment, check=True)
    assert (folder / "new-server" / "file").read_bytes() == content


def test_an_archive_can_be_checked_by_hand_with_nothing_but_sha256sum(practice, run_command):
    """databasus#217: nobody could tell whether the file was whole."""
    name = run_command("runbackup", "--source", "pacsdata")[1]["archives"][0]["name"]
    path = practice / "backup" / name
    answer = subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True)
    manifest = json.loads(path.with_name(f"{name}.manifest.json").read_text())
    assert answer.stdout.split()[0] == manifest["content"]["sha256"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == manifest["content"]["sha256"]


def test_archives_of_the_predecessor_are_never_called_verified(practice, run_command):
    """home-assistant/addons#1575, #2342: a tar of a running data folder does not start after a restore."""
    (practice / "data").joinpath("ibdata1").write_text("torn")
    archive = practice / "backup" / "elexisdb_2024-05-01-0230.tar.gz"
    subprocess.run(["tar", "czf", archive, "-C", practice / "data", "."], check=True)
    run_command("scanbackups")
    found = BackupArchive.objects.get()
    assert (found.origin, found.proof, found.manifest) == ("legacy", "none", {})


@pytest.mark.parametrize(
    "first_line", [rb"/*!999999\- enable the sandbox mode */", rb"/*M!999999\- enable the sandbox mode */"]
)
def test_the_sandbox_line_of_a_dump_hides_nothing_and_can_be_cut_off_by_hand(folder, first_line):
    """MariaDB/mariadb-docker#584, frappe#26929: dumps since May 2024 begin with a line that old clients reject."""
    dump = b"CREATE TABLE `x` (`a` int);\n-- Dump completed on 2026-11-24\n"
    (folder / "x.sql.gz").write_bytes(gzip.compress(first_line + b"\n" + dump))
    scanner = DumpScanner()
    scanner.feed(first_line + b"\n" + dump)
    require_complete(scanner, {"triggers": 0})
    command = ["sh", "-ec", 'zcat "$1" | tail -n +2', "sh", folder / "x.sql.gz"]
    assert subprocess.run(command, capture_output=True, check=True).stdout == dump


GOOD = [b"[00] 2026-11-24 03:15:00 completed OK!"]


@pytest.mark.parametrize(
    ("status", "lines"),
    [
        pytest.param(0, [b"[00] Copying ibdata1", b"[00] ...done"], id="MDEV-22554: exit 0 without 'completed OK!'"),
        pytest.param(0, [b"2026 [ERROR] InnoDB: missing", *GOOD], id="MDEV-18611: [ERROR] and then 'completed OK!'"),
        pytest.param(1, GOOD, id="MDEV-19060: 'completed OK!' and another exit code"),
        pytest.param(0, [*GOOD, b"mariabackup: something after it"], id="MDEV-18215: not the last word"),
        pytest.param(0, [], id="MDEV-22554: exit 0 without a word"),
    ],
)
def test_the_exit_code_of_mariadb_backup_is_not_enough(status, lines):
    """MDEV-22554, MDEV-18611, MDEV-19060, MDEV-18215."""
    assert find_problem(status, lines) is not None
    assert find_problem(0, GOOD) is None


def test_a_backup_that_lies_about_its_end_is_tried_again_and_then_fails(folder, job, fake_tool):
    """MDEV-22554: exit code 0 and nothing copied."""
    version = "mariadb-backup based on MariaDB server 10.11.6-MariaDB"
    tool = fake_tool("mariadb-backup", f'echo "{version}"; echo x >> {folder}/calls; exit 0')
    order = HotOrder(Access("db", 3306, "b", "p", "x"), folder, "10.11.6-MariaDB", str(tool), 30)
    with pytest.raises(HotBackupError) as caught:
        take_hot_backup(order, job, on_copied=lambda: pytest.fail("nothing was copied"))
    assert caught.value.tries == 3
