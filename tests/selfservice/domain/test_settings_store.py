"""The file on disk: old or new at every moment, with its owner, or untouched and the reason said."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from diskkills import run_killed
from otheruser import run_as

from selfservice.domain import errors
from selfservice.domain.store import read_file, write_file

OLD, NEW = b"module.exports = {smtp: {port: 1}}\n", b"module.exports = {smtp: {port: 465}}\n" * 500
WEBELEXIS = 1000


@pytest.fixture
def path(folder):
    """The file of a Webelexis that runs as another user."""
    os.chown(folder, WEBELEXIS, WEBELEXIS)
    path = folder / "settings.js"
    path.write_bytes(OLD)
    path.chmod(0o604)
    os.chown(path, WEBELEXIS, 1234)
    return path


def bind(path):
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))


def rights_of(path):
    """As ``getfacl`` tells them; the mode is in them."""
    command = ["getfacl", "--omit-header", "--absolute-names", "--numeric", path]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def names(folder):
    return sorted(one.name for one in folder.iterdir())


def test_a_file_keeps_owner_group_and_mode(path):
    write_file(path, NEW, expected=OLD)
    found = path.stat()
    assert read_file(path) == NEW
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (WEBELEXIS, 1234, 0o604)
    assert names(path.parent) == ["settings.js"]


def test_a_file_keeps_its_further_rights(path):
    subprocess.run(["setfacl", "-m", "u:2000:r,g:3000:rw", path], check=True)
    os.setxattr(path, "user.note", b"x")
    before = rights_of(path)
    write_file(path, NEW, expected=OLD)
    assert rights_of(path) == before
    assert os.getxattr(path, "user.note") == b"x"


def test_a_file_gets_no_rights_that_it_did_not_have(path):
    before = rights_of(path)
    subprocess.run(["setfacl", "-d", "-m", "u:2000:rw", path.parent], check=True)
    write_file(path, NEW, expected=OLD)
    assert rights_of(path) == before


def test_the_group_of_a_folder_that_gives_it_to_its_files_changes_nothing(path):
    os.chown(path.parent, WEBELEXIS, 3000)
    path.parent.chmod(0o2775)
    write_file(path, NEW, expected=OLD)
    assert path.stat().st_gid == 1234
    path.unlink()
    write_file(path, NEW, expected=None)
    assert path.stat().st_gid == 3000


def test_another_name_of_the_same_file_keeps_the_old_state(path):
    other = path.with_name("by-hand.js")
    other.hardlink_to(path)
    write_file(path, NEW, expected=OLD)
    assert (read_file(path), read_file(other)) == (NEW, OLD)


def test_a_new_file_gets_owner_and_group_of_the_folder(path):
    path.unlink()
    write_file(path, NEW, expected=None)
    found = path.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (WEBELEXIS, WEBELEXIS, 0o640)


def test_webelexis_own_user_may_write_his_file(path):
    os.chown(path, WEBELEXIS, WEBELEXIS)
    assert run_as(WEBELEXIS, lambda: write_file(path, NEW, expected=OLD)) == ""
    assert read_file(path) == NEW


def test_another_user_is_told_who_must_write(path):
    path.parent.chmod(0o777)
    assert run_as(2000, lambda: write_file(path, NEW, expected=OLD)) == f"settings-owner {WEBELEXIS}"
    assert (read_file(path), names(path.parent)) == (OLD, ["settings.js"])


def test_a_folder_of_another_user_names_him(path):
    assert run_as(2000, lambda: write_file(path, NEW, expected=OLD)) == f"settings-owner {WEBELEXIS}"
    assert (read_file(path), names(path.parent)) == (OLD, ["settings.js"])


def test_a_file_that_we_may_not_read_is_left_alone(path):
    path.chmod(0o600)
    assert run_as(2000, lambda: write_file(path, NEW, expected=OLD)).startswith("settings-unreadable")


@pytest.mark.parametrize("kind", ["link", "dangling", "folder", "fifo", "socket"])
def test_what_is_no_plain_file_is_left_alone(kind, path):
    path.unlink()
    other = path.with_name("other.js")
    other.write_bytes(OLD)
    make = {"folder": path.mkdir, "fifo": lambda: os.mkfifo(path), "socket": lambda: bind(path)}
    make.get(kind, lambda: path.symlink_to(other if kind == "link" else "nowhere"))()
    before = len(names(Path("/proc/self/fd")))
    for work in (lambda: read_file(path), lambda: write_file(path, NEW, expected=OLD)):
        with pytest.raises(errors.SettingsFileIsLinkError):
            work()
    assert other.read_bytes() == OLD
    assert len(names(Path("/proc/self/fd"))) == before


@pytest.mark.parametrize("expected", [NEW, None])
def test_a_file_that_somebody_has_changed_is_left_alone(expected, path):
    with pytest.raises(errors.SettingsChangedError):
        write_file(path, NEW, expected=expected)
    assert read_file(path) == OLD


def test_a_fifo_that_takes_the_place_in_the_last_moment_holds_nobody_up(path):
    def swap(event, arguments):
        if event == "open" and arguments[0] == str(path):
            path.unlink()
            os.mkfifo(path)

    def read():
        sys.addaudithook(swap)
        read_file(path)

    assert run_as(0, read).strip() == "settings-file-is-link"


def test_a_file_that_is_no_file_of_settings_is_not_read(path):
    os.truncate(path, 8 << 30)
    with pytest.raises(errors.SettingsTooLargeError) as caught:
        read_file(path)
    assert caught.value.size == 8 << 30


def test_a_folder_that_is_not_there_is_told(path):
    gone = path.parent / "gone" / "settings.js"
    for work in (lambda: read_file(gone), lambda: write_file(gone, NEW, expected=None)):
        with pytest.raises(errors.SettingsFolderMissingError) as caught:
            work()
        assert caught.value.path == str(gone.parent)


def test_a_file_that_nobody_may_change_is_left_alone(path):
    subprocess.run(["chattr", "+i", path], check=True)
    try:
        with pytest.raises(errors.SettingsWriteError) as caught:
            write_file(path, NEW, expected=OLD)
    finally:
        subprocess.run(["chattr", "-i", path], check=True)
    assert caught.value.reason == "Operation not permitted"
    assert (read_file(path), names(path.parent)) == (OLD, ["settings.js"])


def test_a_file_that_has_gone_is_not_made_again(path):
    path.unlink()
    with pytest.raises(errors.SettingsChangedError):
        write_file(path, NEW, expected=OLD)
    with pytest.raises(errors.SettingsFileMissingError):
        read_file(path)


def test_a_read_only_folder(folder, tmpfs):
    path = tmpfs(folder / "disk", "1m") / "settings.js"
    path.write_bytes(OLD)
    subprocess.run(["mount", "-o", "remount,ro", path.parent], check=True)
    with pytest.raises(errors.SettingsWriteError) as caught:
        write_file(path, NEW, expected=OLD)
    assert caught.value.reason == "Read-only file system"


def test_a_full_disk(folder, tmpfs):
    path = tmpfs(folder / "disk", "16k") / "settings.js"
    path.write_bytes(OLD)
    with pytest.raises(errors.SettingsWriteError) as caught:
        write_file(path, NEW, expected=OLD)
    assert caught.value.reason == "No space left on device"
    assert (read_file(path), names(path.parent)) == (OLD, ["settings.js"])


@pytest.mark.parametrize("old", [OLD, None])
def test_killed_at_every_step_it_is_old_or_new(old, path):
    steps = 0
    while True:
        path.unlink()
        if old is not None:
            path.write_bytes(old)
        was_killed = run_killed(lambda: write_file(path, NEW, expected=old), steps)
        assert (read_file(path) if path.exists() else None) in (old, NEW)
        if not was_killed:
            break
        steps += 1
        if not path.exists() or read_file(path) != NEW:
            write_file(path, NEW, expected=old)
        assert (read_file(path), names(path.parent)) == (NEW, ["settings.js"])
    assert steps >= 8
