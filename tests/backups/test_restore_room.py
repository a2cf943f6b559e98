"""No room for a restore, also where the disk itself has some: a share that is used up, folders that lie on one disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from backups.domain.restore.stage import list_stage_folders
from backups.models import BackupArchive, BackupRun

_WORDS = "tar: ./big: Cannot write: Disk quota exceeded"
RAN_OUT = f'head -c 200000 | {{real}} "$@"; cat > /dev/null; echo "{_WORDS}" >&2; exit 2'


@pytest.fixture
def pacs(practice, run_command):
    """A folder that has changed since its backup; its stamp is that of the newest archive."""
    folder = practice / "mnt" / "pacsdata"
    (folder / "big").write_bytes(os.urandom(1_000_000))
    assert run_command("runbackup", "--source", "pacsdata")[0] == 0
    (folder / "big").write_bytes(b"now")
    return folder


@pytest.fixture
def restore(pacs, run_command):
    def restore():
        stamp = BackupArchive.objects.get().run.stamp
        return run_command("restorebackup", stamp, "--yes", "--folders-idle")

    return restore


@pytest.fixture
def full_backups(practice, monkeypatch):
    """A network disk tells of it when what was written comes to it."""
    sync = os.fsync

    def fsync(descriptor):
        if Path(f"/proc/self/fd/{descriptor}").readlink().is_relative_to(practice / "backup"):
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
        sync(descriptor)

    return lambda: monkeypatch.setattr(os, "fsync", fsync)


def test_a_share_that_is_used_up_while_the_new_data_are_unpacked(pacs, restore, fake_tool):
    fake_tool("tar", f'case "$*" in *--extract*) {RAN_OUT};; *) exec {{real}} "$@";; esac')
    code, answer = restore()
    assert (code, answer["error"]) == (1, "no-space"), answer
    assert (pacs / "big").read_bytes() == b"now"
    assert list_stage_folders(pacs) == []


def test_a_share_that_is_used_up_while_the_present_data_are_saved(practice, pacs, restore, full_backups):
    full_backups()
    code, answer = restore()
    assert (code, answer["error"]) == (1, "safety-backup"), answer
    assert "no-space" in [line["code"] for line in BackupRun.objects.get(action="restore").log]
    assert (pacs / "big").read_bytes() == b"now"
    assert list_stage_folders(pacs) == []
    assert len(list((practice / "backup").glob("*.tar.gz"))) == 1


def test_a_share_that_is_used_up_when_the_journal_is_written(pacs, restore, monkeypatch):
    def write_journal(folder, _journal):
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT), str(folder / "journal.json"))

    monkeypatch.setattr("backups.domain.restore.stage.write_journal", write_journal)
    code, answer = restore()
    assert (code, answer["error"]) == (1, "no-space"), answer
    assert (pacs / "big").read_bytes() == b"now"


@pytest.mark.parametrize("pattern", ["journal.json.*.part", "mnt/pacsdata"])
def test_the_disk_that_is_full_is_named_where_the_system_names_no_file(pacs, restore, monkeypatch, pattern):
    sync = os.fsync

    def fsync(descriptor):
        if Path(f"/proc/self/fd/{descriptor}").readlink().match(pattern):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    code, answer = restore()
    assert (code, answer["error"]) == (1, "no-space"), answer
    assert str(pacs) in answer["text"]
    assert (pacs / "big").read_bytes() == b"now"


def test_an_error_of_the_system_that_is_about_no_file_says_what_it_is(pacs, restore, monkeypatch):
    def save_present(*_arguments):
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

    monkeypatch.setattr("backups.services.restoring.save_present", save_present)
    code, answer = restore()
    assert (code, answer["error"]) == (1, "file-system"), answer
    assert answer["text"].startswith("BrokenPipeError: ")
    assert (pacs / "big").read_bytes() == b"now"


def test_folders_on_one_disk_need_room_together(practice, tmpfs, run_command):
    """Each of them alone would fit; the disk of a running practice must not fill up half-way."""
    names = ("pacsdata", "webelexisdata")
    disk = tmpfs(practice / "mnt", "11M")
    for name in names:
        (disk / name).mkdir()
        (disk / name / "big").write_bytes(os.urandom(3_000_000))
    stamp = run_command("runbackup", "--source", names[0], "--source", names[1])[1]["stamp"]
    code, shown = run_command("restorebackup", stamp, "--dry-run")
    assert (code, [problem["error"] for problem in shown["problems"]]) == (1, ["no-space"])
    assert run_command("restorebackup", stamp, "--yes", "--folders-idle")[1]["error"] == "no-space"
    assert not BackupArchive.objects.filter(is_safety=True).exists()
    assert [*list_stage_folders(disk / names[0]), *list_stage_folders(disk / names[1])] == []
