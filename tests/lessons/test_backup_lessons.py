"""What went wrong in other backup tools while they made a backup."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine

from backups.domain.archive import Packing, Target, pack_folder, read_back
from backups.domain.errors import BusyError, DamagedArchiveError, FilesChangedError, NoSpaceError
from backups.domain.lock import LOCK_NAME, make_holder, run_lock
from backups.domain.reading import read_tar_gz
from backups.domain.unpack import Unpacking, unpack
from backups.models import BackupArchive, BackupRun, Source


@pytest.fixture
def source(folder):
    (folder / "docs").mkdir()
    (folder / "docs" / "file").write_bytes(os.urandom(2_000_000))
    return folder / "docs"


def archives(folder):
    return sorted(path.name for path in folder.iterdir() if path.name.endswith(".tar.gz"))


def test_a_backup_folder_inside_the_data_is_refused_also_behind_a_link(practice, run_command):
    """nextcloud/all-in-one#6607: a restore deleted its own backup, which lay inside the data."""
    (practice / "innocent").symlink_to(practice / "backup")
    Source.objects.filter(name="pacsdata").update(path=str(practice / "innocent"))
    code, answer = run_command("runbackup")
    assert (code, answer["error"]) == (1, "source-overlap")
    assert archives(practice / "backup") == []


def test_a_missing_source_is_a_failure_and_the_others_are_saved(practice, run_command):
    """restic#4467: a source that was not there was passed over, and the backup was called a success."""
    (practice / "mnt" / "webelexisdata").rename(practice / "mnt" / "elsewhere")
    code, answer = run_command("runbackup")
    assert (code, answer["ok"]) == (6, False)
    assert [archive["source"] for archive in answer["archives"]] == ["pacsdata"]


def test_a_mount_that_is_missing_and_so_empty_is_a_failure(practice, run_command):
    """restic#4467, as Docker does it: a missing mount is an empty folder."""
    (practice / "mnt" / "webelexisdata" / "file").unlink()
    assert run_command("runbackup")[0] == 6


def test_an_archive_is_read_back_from_disk_before_it_is_called_a_backup(source, job, target):
    """cyberpanel#1823, offen#521, #179, #175: backups "succeeded" that were empty or could not be read."""
    written, _skipped = pack_folder(Packing("docs", source), target, job)
    with target.part(job.run_id).open("r+b") as file:
        file.seek(written.size // 2)
        byte = file.read(1)[0]
        file.seek(written.size // 2)
        file.write(bytes([byte ^ 1]))
    with pytest.raises(DamagedArchiveError):
        read_back(target, written, job)
    assert not target.path.exists()


def test_an_archive_of_nothing_is_no_backup(practice, run_command, fake_tool):
    """cyberpanel#1823: an empty archive was called a backup."""
    fake_tool("tar", 'case "$*" in *--create*) {real} "$@" --exclude="./*";; *) {real} "$@";; esac')
    code, answer = run_command("runbackup")
    assert (code, answer["archives"]) == (1, [])


def test_a_document_that_changes_while_it_is_read_is_a_warning(source, pack, growing):
    """offen#503, #608: one changing file made the whole backup fail, or passed without a word."""
    with growing(source / "log"):
        manifest = pack(source)
    assert [(item.name, item.reason) for item in manifest.skipped] == [("log", "changed")]


def test_a_database_that_changes_while_it_is_read_is_a_failure(source, pack, growing, target):
    """offen#503, home-assistant/addons#1575: a tar of a database that is written to does not start."""
    with growing(source / "ibdata1"), pytest.raises(FilesChangedError):
        pack(source, is_database=True)
    assert not target.path.exists()


def test_sockets_and_pipes_in_a_data_folder_do_not_break_the_restore(source, pack, target, job, folder):
    """home-assistant/addons#1353: named pipes and sockets in a data folder broke the restore."""
    os.mkfifo(source / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(source / "mysqld.sock"))
        manifest = pack(source)
    (folder / "restored").mkdir()
    unpack(Unpacking(target.path, folder / "restored", read_tar_gz(target.path, job)), job)
    assert [path.name for path in (folder / "restored").iterdir()] == ["file"]
    assert [item.name for item in manifest.skipped] == ["mysqld.sock"]


def test_a_full_disk_leaves_no_file_that_looks_like_a_backup(source, job, folder, tmpfs):
    """borg#364, #7158: full disk and power loss left files that were taken for backups."""
    disk = tmpfs(folder / "small", "1m")
    with pytest.raises(NoSpaceError):
        pack_folder(Packing("docs", source), Target(disk / "docs_2026-11-24-0315.tar.gz"), job)
    assert list(disk.iterdir()) == []


@pytest.fixture
def disk_events(monkeypatch):
    """What is synced and renamed, in order: ("sync" or "rename", path)."""
    events = []
    fsync, rename = os.fsync, os.rename

    def watched_fsync(descriptor):
        events.append(("sync", str(Path(f"/proc/self/fd/{descriptor}").readlink())))
        fsync(descriptor)

    def watched_rename(old, new):
        events.append(("rename", str(new)))
        rename(old, new)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "rename", watched_rename)
    return events


def test_the_final_name_comes_after_the_content_is_on_the_disk(source, pack, target, disk_events):
    """borg#7158: a power loss between renaming and writing left an empty file with the final name."""
    pack(source)
    path = str(target.path)
    final = disk_events.index(("rename", path))
    assert ("sync", f"{path}.0123456789ab.part") in disk_events[:final]
    assert ("rename", f"{path}.manifest.json") in disk_events[:final]
    assert disk_events[final + 1 :] == [("sync", str(target.path.parent))]


def test_a_second_backup_does_not_start_beside_the_first(practice, run_command):
    """The lock of the predecessor never locked: two runs wrote into the same files."""
    with run_lock(practice / "backup", make_holder("aaaaaaaaaaaa", "backup", datetime.now(UTC))):
        code, answer = run_command("runbackup")
    assert (code, answer["error"]) == (4, BusyError("", "").code)
    assert BackupRun.objects.get().state == "busy"


def test_one_foreign_file_does_not_break_the_list(practice, run_command):
    """One foreign file in the backup folder broke the list of the predecessor."""
    run_command("runbackup")
    for name in ("notes.txt", "elexisdb_yesterday.tar.gz", "x_2026-99-99-9999.tar.gz", "\udcff"):
        (practice / "backup" / name).touch()
    code, answer = run_command("listbackups")
    assert (code, len(answer["archives"])) == (0, 2)


def test_the_lock_is_looked_at_again_before_anything_is_deleted(practice, run_command, fake_tool):
    """restic#2715, #3126: a lock that was lost while the machine slept did not stop the deletion."""
    with time_machine.travel(datetime(2026, 11, 23, tzinfo=UTC), tick=False):
        run_command("runbackup", "--source", "pacsdata")
    lock = practice / "backup" / LOCK_NAME
    fake_tool("tar", f'{{real}} "$@"; status=$?; rm -f {lock}; : > {lock}; exit $status')
    _code, answer = run_command("runbackup", "--source", "pacsdata", "--keep", "1")
    assert answer["error"] == "lock-lost"
    assert len(archives(practice / "backup")) == 2


def test_an_empty_listing_is_no_fact(practice, run_command):
    """restic#4612: an empty listing was believed, and everything was deleted."""
    run_command("runbackup")
    for path in (practice / "backup").iterdir():
        path.unlink()
    code, answer = run_command("scanbackups")
    assert (code, answer["removed"]) == (3, 0)
    assert BackupArchive.objects.count() == 2
