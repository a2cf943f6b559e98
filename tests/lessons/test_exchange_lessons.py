"""What other tools did to data while they put them back."""

from __future__ import annotations

import fcntl
import shutil
from datetime import UTC, datetime

import pytest
from killing import make_tree, read_tree

from backups.domain.errors import LoginRefusedError, NoSpaceError
from backups.domain.restore.check import check_folder
from backups.domain.restore.errors import RolledBackError, ServerNotStoppedError
from backups.domain.restore.folders import swap_folder
from backups.domain.restore.journal import Kind, list_stage_folders
from backups.domain.restore.settle import restoring
from backups.domain.restore.swap import Hands, swap_datadir

NOW = datetime(2026, 11, 24, 3, 15, tzinfo=UTC)
DATABASE = ("ibdata1", "aria_log_control", "mysql/")


@pytest.fixture
def live(folder):
    make_tree(folder / "live", "old", DATABASE)
    make_tree(folder / "archived", "new", DATABASE)
    return folder / "live"


def restore(live, job, hands=None):
    with restoring(live, "x1", Kind.MARIADB if hands else Kind.FILES, NOW) as stage:
        shutil.copytree(live.parent / "archived", stage.new_dir, dirs_exist_ok=True)
        return swap_datadir(stage, hands, job) if hands else swap_folder(stage, job)


def test_old_and_new_files_are_never_mixed(live, job):
    """ragflow#18354: unpacking over a volume that is not empty mixed old and new files."""
    (live / "only in the old data").write_text("old")
    restore(live, job)
    assert set(read_tree(live).values()) == {"new"}
    assert "only in the old data" not in read_tree(live)


def test_a_restored_server_that_refuses_our_login_is_not_called_restored(live, job):
    """mariadb-operator#744, restic#2647: a physical restore also restores users and passwords."""

    def refuse(_job):
        raise LoginRefusedError("db:3306", "oob_backup")

    with pytest.raises(RolledBackError) as caught:
        restore(live, job, Hands(stop=lambda: None, test=refuse))
    assert caught.value.reason == "login-refused"
    assert set(read_tree(live).values()) == {"old"}
    assert list_stage_folders(live) == []


def test_a_server_that_was_stopped_is_started_again_when_the_restore_fails(live, job):
    """Dokploy#4263, offen#337: a server stopped for a job stayed stopped."""
    done = []

    def stop():
        done.append("stop")

    with (live / "ibdata1").open("rb+") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)  # POSIX, as a server does
        hands = Hands(stop=stop, test=lambda _job: None, start=lambda: done.append("start"), stop_seconds=0.1)
        with pytest.raises(ServerNotStoppedError):
            restore(live, job, hands)
    assert done == ["stop", "start"]
    assert set(read_tree(live).values()) == {"old"}


def test_a_disk_that_is_too_small_is_seen_before_anything_moves(folder, tmpfs):
    """MDEV-25221: --move-back lost its source on a full disk."""
    disk = tmpfs(folder / "disk", "2m")
    make_tree(disk, "old", DATABASE)
    with pytest.raises(NoSpaceError):
        check_folder(disk, 3_000_000)
    assert {path.name for path in disk.iterdir()} == {"aria_log_control", "ibdata1", "mysql"}


def test_lost_and_found_is_no_data(live, job):
    """MDEV-21951: the folder of the file system stood in the way."""
    (live / "lost+found").mkdir(mode=0o700)
    inode = (live / "lost+found").stat().st_ino
    restore(live, job)
    assert (live / "lost+found").stat().st_ino == inode
    assert not (live / "#sql-oob-x1" / "old" / "lost+found").exists()
