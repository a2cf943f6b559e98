"""A plain folder: its children change places, owners and modes as archived, and nothing of anybody is lost."""

from __future__ import annotations

import logging
import os
import signal
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import pytest
from waiting import wait_until

from backups.domain.errors import NoSpaceError
from backups.domain.job import Job
from backups.domain.reading import read_tar_gz
from backups.domain.restore.errors import (
    FolderInUseError,
    KeptIncompleteError,
    RestoreSupersededError,
    RestoreUnfinishedError,
    RestoreUnknownError,
    StagedIncompleteError,
)
from backups.domain.restore.fill import Filling, fill_folder
from backups.domain.restore.folders import swap_folder
from backups.domain.restore.journal import LOG, Kind, Phase, list_stage_folders
from backups.domain.restore.recover import recover
from backups.domain.restore.settle import restoring
from backups.domain.restore.stage import list_restores
from backups.domain.restore.undo import release, undo_folder

NOW = datetime(2026, 11, 24, 3, 15, tzinfo=UTC)


@pytest.fixture
def docs(folder):
    path = folder / "docs"
    path.mkdir()
    (path / "letter").write_text("archived")
    (path / "sub").mkdir(mode=0o750)
    (path / "sub" / "deep").write_text("archived")
    return path


@pytest.fixture
def archive(docs, pack, target):
    pack(docs)
    (docs / "letter").write_text("changed")
    (docs / "later").write_text("written since")
    return target.path


def restore(docs, archive, job, restore_id="x1", root="."):
    with restoring(docs, restore_id, Kind.FILES, NOW) as stage:
        fill_folder(stage, Filling(archive, read_tar_gz(archive, job), root), job)
        swap_folder(stage, job)


@contextmanager
def at_step(text, act):
    """Do something just before a step."""

    class Handler(logging.Handler):
        def emit(self, record):
            if text in record.getMessage():
                LOG.removeHandler(self)
                act()

    handler, level = Handler(), LOG.level
    LOG.setLevel(logging.INFO)
    LOG.addHandler(handler)
    try:
        yield
    finally:
        LOG.removeHandler(handler)
        LOG.setLevel(level)


def content(docs):
    return {path.name: path.read_text() for path in docs.iterdir() if path.is_file()}


def test_a_folder_is_as_archived_and_the_old_one_is_kept(docs, archive, job):
    restore(docs, archive, job)
    assert content(docs) == {"letter": "archived"}
    (journal,) = list_restores(docs)
    assert (journal.phase, journal.created_at) == (Phase.KEPT, "2026-11-24T03:15:00+00:00")
    assert content(docs / "#sql-oob-x1" / "old") == {"letter": "changed", "later": "written since"}


def test_owners_modes_and_attributes_come_back(docs, pack, target, job):
    os.chown(docs / "letter", 1000, 1001)
    (docs / "letter").chmod(0o604)
    os.chown(docs / "sub", 999, 999)
    os.setxattr(docs / "letter", "user.origin", b"scanner")
    (docs / "turn").symlink_to("letter")
    pack(docs)
    restore(docs, target.path, job)
    status = (docs / "letter").stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (1000, 1001, 0o604)
    assert (docs / "sub").stat().st_uid == 999
    assert (docs / "sub").stat().st_mode & 0o7777 == 0o750
    assert os.getxattr(docs / "letter", "user.origin") == b"scanner"
    assert (docs / "turn").readlink().name == "letter"


def test_the_folder_itself_stays_as_it_is(docs, archive, job):
    docs.chmod(0o2770)
    before = docs.stat()
    restore(docs, archive, job)
    after = docs.stat()
    assert (after.st_ino, after.st_mode, after.st_uid) == (before.st_ino, before.st_mode, before.st_uid)


def test_names_that_are_no_text_are_exchanged_too(docs, pack, target, job):
    name = os.fsdecode(b"\xe4rztebrief")
    (docs / name).write_text("archived")
    pack(docs)
    (docs / name).write_text("changed")
    restore(docs, target.path, job)
    assert (docs / name).read_text() == "archived"


def test_an_undo_brings_everything_back_and_keeps_what_was_restored(docs, archive, job):
    restore(docs, archive, job)
    (docs / "after").write_text("written after the restore")
    undo_folder(docs, "x1", job)
    assert content(docs) == {"letter": "changed", "later": "written since"}
    assert content(docs / "#sql-oob-x1" / "new") == {"letter": "archived", "after": "written after the restore"}
    with pytest.raises(RestoreUnknownError):
        undo_folder(docs, "x1", job)
    release(docs, "x1")
    assert list_stage_folders(docs) == []


def test_restores_are_undone_in_turn(docs, archive, job):
    restore(docs, archive, job)
    (docs / "between").write_text("between")
    restore(docs, archive, job, "x2")
    with pytest.raises(RestoreSupersededError) as caught:
        undo_folder(docs, "x1", job)
    assert caught.value.newer == "x2"
    undo_folder(docs, "x2", job)
    assert content(docs) == {"letter": "archived", "between": "between"}
    undo_folder(docs, "x1", job)
    assert content(docs) == {"letter": "changed", "later": "written since"}


def test_a_service_that_still_writes_ends_the_restore(docs, archive, job):
    with at_step("rename", lambda: (docs / "new").write_text("just now")), pytest.raises(FolderInUseError) as caught:
        restore(docs, archive, job)
    assert caught.value.names == ["new"]
    assert content(docs) == {"letter": "changed", "later": "written since", "new": "just now"}
    assert list_stage_folders(docs) == []


def replace(path, text):
    path.with_name("part").write_text(text)
    path.with_name("part").rename(path)


@pytest.mark.parametrize("step", ["exchange letter", "journal x1: forward committed", "exchange sub"])
def test_a_file_that_is_replaced_during_the_exchange_is_not_lost(docs, archive, job, step):
    at = at_step(step, lambda: replace(docs / "letter", "just now"))
    with at, suppress(FolderInUseError):
        restore(docs, archive, job)
    everywhere = [path.read_text() for path in docs.rglob("*") if path.is_file()]
    assert "just now" in everywhere


def test_a_file_that_is_replaced_before_its_exchange_ends_the_restore(docs, archive, job):
    with at_step("exchange letter", lambda: replace(docs / "letter", "just now")), pytest.raises(FolderInUseError):
        restore(docs, archive, job)
    assert content(docs) == {"letter": "just now", "later": "written since"}
    assert list_stage_folders(docs) == []


def test_an_error_on_the_way_changes_nothing(docs, archive, job):
    def fail():
        raise OSError(28, "No space left on device")

    with at_step("forward committed", fail), pytest.raises(OSError, match="space"):
        restore(docs, archive, job)
    assert content(docs) == {"letter": "changed", "later": "written since"}
    assert list_stage_folders(docs) == []


def test_a_full_disk_while_unpacking_is_named_and_leaves_nothing(folder, tmpfs, pack, target, job):
    (folder / "docs").mkdir()
    (folder / "docs" / "scan").write_bytes(os.urandom(3_000_000))
    pack(folder / "docs")
    disk = tmpfs(folder / "disk", "2m")
    (disk / "letter").write_text("old")
    with pytest.raises(NoSpaceError):
        restore(disk, target.path, job)
    assert [path.name for path in disk.iterdir()] == ["letter"]


def test_the_folder_inside_an_old_archive_is_named(docs, pack, target, job):
    inner = docs / "mnt" / "pacsdata"
    inner.mkdir(parents=True)
    (inner / "image").write_text("archived")
    pack(docs)
    restore(docs, target.path, job, root="mnt/pacsdata")
    assert content(docs) == {"image": "archived"}
    with pytest.raises(StagedIncompleteError):
        restore(docs, target.path, job, "x2", root="mnt/lucindadata")


@pytest.mark.parametrize("root", ["..", "../..", "turn"])
def test_a_root_outside_the_archive_is_refused(docs, pack, target, job, root):
    (docs / "turn").symlink_to("/etc")
    pack(docs)
    with pytest.raises(StagedIncompleteError):
        restore(docs, target.path, job, root=root)


def test_an_interrupted_restore_comes_first(docs, archive, job):
    with restoring(docs, "x1", Kind.FILES, NOW), pytest.raises(RestoreUnfinishedError):
        restore(docs, archive, job, "x2")


def test_what_was_staged_and_not_exchanged_goes(docs, archive, job):
    with restoring(docs, "x1", Kind.FILES, NOW) as stage:
        fill_folder(stage, Filling(archive, read_tar_gz(archive, job)), job)
    assert list_stage_folders(docs) == []
    assert content(docs) == {"letter": "changed", "later": "written since"}


def test_old_data_that_somebody_has_thinned_out_are_not_put_back(docs, archive, job):
    restore(docs, archive, job)
    (docs / "#sql-oob-x1" / "old" / "later").unlink()
    with pytest.raises(KeptIncompleteError) as caught:
        undo_folder(docs, "x1", job)
    assert caught.value.names == ["later"]
    assert content(docs) == {"letter": "archived"}


class Dying(Job):
    """Killed in the middle of unpacking."""

    def report(self, progress):
        if progress.stage == "stage" and progress.done_bytes:
            os.kill(os.getpid(), signal.SIGKILL)


def test_a_kill_while_unpacking_leaves_nothing(docs, pack, target, job):
    for number in range(400):
        (docs / f"scan{number}").write_bytes(os.urandom(20_000))
    pack(docs)
    pid = os.fork()
    if pid == 0:
        with suppress(BaseException):
            restore(docs, target.path, Dying(job.run_id, job.work_dir))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    wait_until(lambda: not recover(docs))  # tar holds the lock until it is gone as well
    assert list_stage_folders(docs) == []
    assert sum(path.is_file() for path in docs.iterdir()) == 401
