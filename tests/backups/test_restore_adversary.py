"""Restores of plain folders under what nobody wishes them: strange trees, a stolen lock, a disk that fails."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from backups import services
from backups.domain.errors import FileSystemError, LockLostError
from backups.domain.lock import LOCK_NAME
from backups.domain.restore.errors import OrderOutdatedError
from backups.domain.restore.journal import list_stage_folders
from backups.domain.restore.recover import recover
from backups.models import BackupRun, KeptData
from backups.services.restorerequest import RestoreRequest
from backups.services.runs import Recorder
from oobsite.accounts.actors import system_actor
from oobsite.files import remove_tree

DEPTH = 1100  # more than Python calls itself


@pytest.fixture
def pacs(practice):
    yield practice / "mnt" / "pacsdata"
    remove_tree(practice / "mnt")
    (practice / "mnt").mkdir()


@pytest.fixture
def restore(run_command):
    """Back up, let a test change the folder, restore; returns exit code and answer of the command."""

    def restore(change=lambda: None):
        code, answer = run_command("runbackup", "--source", "pacsdata")
        assert code == 0, answer
        change()
        return run_command("restorebackup", answer["stamp"], "--yes", "--no-safety-backup", "--folders-idle")

    return restore


def make_deep(folder, depth) -> None:
    """A folder in a folder in a folder, so deep that its path is too long for one call of the system."""
    descriptor = os.open(folder, os.O_RDONLY)
    for _level in range(depth):
        os.mkdir("d", dir_fd=descriptor)
        inner = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(os.open("leaf", os.O_CREAT | os.O_WRONLY, dir_fd=descriptor))
    os.close(descriptor)


def test_a_very_deep_tree_comes_back_and_goes(pacs, restore, run_command):
    make_deep(pacs, DEPTH)
    code, answer = restore(lambda: (pacs / "file").write_bytes(b"now"))
    assert code == 0, answer
    (run,) = BackupRun.objects.filter(action="restore")
    assert run_command("releaserestore", run.uid, "--yes")[0] == 0
    assert list_stage_folders(pacs) == []


def make_strange(folder) -> None:
    """A tree with what archives often lose."""
    (folder / "sub").mkdir(mode=0o2750)
    (folder / "sub" / "odd \n\t\"'\\ name").write_bytes(b"odd")
    os.close(os.open(os.fsencode(folder / "sub") + b"/M\xfcller.pdf", os.O_CREAT | os.O_WRONLY))
    (folder / "-rf").write_bytes(b"option")
    (folder / "other name").hardlink_to(folder / "-rf")
    (folder / "sub" / "third name").hardlink_to(folder / "-rf")
    (folder / "run").write_bytes(b"#!")
    (folder / "run").chmod(0o4755)
    with (folder / "sparse").open("wb") as file:
        file.seek(500_000_000)
        file.write(b"end")
    os.setxattr(folder / "run", "user.note", b"\0\xff")
    subprocess.run(["setfacl", "-m", "u:12345:r", folder / "run"], check=True)
    os.utime(folder / "sub", ns=(0, 123_456_789))


def describe(folder) -> dict[str, tuple]:
    """All that must come back of a tree: what two names of one file share, too."""
    found = {}
    for path in folder.glob("**/*"):
        if not path.relative_to(folder).parts[0].startswith("#sql-oob-"):
            status = path.lstat()
            labels = {name: os.getxattr(path, name) for name in os.listxattr(path)}
            kept = (status.st_mode, status.st_uid, status.st_gid, status.st_nlink, status.st_size, status.st_mtime_ns)
            found[str(path.relative_to(folder))] = (kept, labels, status.st_blocks < 1000)
    return found


def test_a_strange_tree_comes_back_as_it_was_and_goes_again(pacs, restore, run_command):
    make_strange(pacs)
    before = describe(pacs)
    assert len(before) == 9

    def change():
        remove_tree(pacs / "sub")
        (pacs / "run").unlink()

    assert restore(change)[0] == 0
    assert describe(pacs) == before
    assert run_command("undorestore", "--folders-idle")[0] == 0
    assert "sub" not in describe(pacs)


@pytest.fixture
def order(pacs, run_command):
    """Back up, change the folder, and order a restore, which waits."""

    def order():
        stamp = run_command("runbackup", "--source", "pacsdata")[1]["stamp"]
        (pacs / "file").write_bytes(b"now")
        request = RestoreRequest((f"pacsdata_{stamp}.tar.gz",), with_safety_backup=False, are_folders_idle=True)
        return services.create_run(system_actor(), "restore", "command", request.to_json())

    return order


def when(code, act):
    """Acts as soon as the log of a run has a line with ``code``."""
    return lambda line: act() if line["code"] == code else None


def test_who_has_lost_the_lock_meanwhile_exchanges_nothing(pacs, order, practice):
    """restic#2715: the machine slept, and another one works in the backup folder."""
    lock, run = practice / "backup" / LOCK_NAME, order()

    def steal():
        lock.rename(practice / "stolen")
        lock.touch()

    with pytest.raises(LockLostError):
        services.carry_out(run, Recorder(run, when("restore-staged", steal)))
    assert (pacs / "file").read_bytes() == b"now"
    assert list_stage_folders(pacs) == []


def test_of_two_orders_only_the_first_is_carried_out(pacs, order):
    """Two windows, two clicks: nobody has looked at what the second one would replace."""
    first, second = order(), order()
    services.carry_out(first, Recorder(first))
    with pytest.raises(OrderOutdatedError):
        services.carry_out(second, Recorder(second))
    assert [kept.restore_id for kept in KeptData.objects.all()] == [first.uid]


@pytest.fixture
def failing_disk(pacs, practice):
    """The folder lies on a disk of its own; returns what makes the kernel find an error on it."""
    image = practice / "disk"
    image.write_bytes(b"")
    os.truncate(image, 20_000_000)
    mount = ["mount", "-o", "loop,errors=remount-ro", image, pacs]
    for command in (["mkfs.ext4", "-q", image], mount):
        subprocess.run(command, check=True)
    (pacs / "file").write_bytes(b"then")
    source = subprocess.run(["findmnt", "-no", "SOURCE", pacs], check=True, capture_output=True, text=True).stdout

    def mend():
        subprocess.run(["umount", pacs], check=True)
        subprocess.run(["e2fsck", "-p", image], capture_output=True, check=False)
        subprocess.run(mount, check=True)

    yield Path(f"/sys/fs/ext4/{Path(source.strip()).name}/trigger_fs_error"), mend
    subprocess.run(["umount", pacs], check=True)


def test_a_disk_that_fails_in_the_middle_leaves_the_old_data(pacs, failing_disk, order):
    """The kernel makes it read-only at once; what is left of the restore goes when it has been mended."""
    trigger, mend = failing_disk
    run = order()
    with pytest.raises(FileSystemError, match="Read-only"):
        services.carry_out(run, Recorder(run, when("restore-staged", lambda: trigger.write_text("1"))))
    assert (run.log[-1]["code"], (pacs / "file").read_bytes()) == ("file-system", b"now")
    mend()
    recover(pacs)
    assert ((pacs / "file").read_bytes(), list_stage_folders(pacs)) == (b"now", [])
