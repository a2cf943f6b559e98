"""The check before a restore, on folders: what cannot be exchanged is named before anything is touched."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime

import pytest

from backups.domain.errors import FolderMissingError, NoSpaceError, ServerUnreachableError
from backups.domain.mariadb.server import Access
from backups.domain.restore.check import (
    DatadirCheck,
    _require_one_folder,
    _require_same_kind,
    check_datadir,
    check_folder,
    find_links,
    find_mounts_inside,
)
from backups.domain.restore.errors import (
    MountInsideError,
    RestoreUnfinishedError,
    ServerDiffersError,
    ServerLayoutError,
)
from backups.domain.restore.gates import gate_locks, is_served
from backups.domain.restore.journal import Kind
from backups.domain.restore.settle import restoring

NOW = datetime(2026, 11, 24, 3, 15, tzinfo=UTC)
NOBODY = Access("", 0, "x", "x", "elexisoob", socket="/nonexistent/socket")


@pytest.fixture
def data(folder):
    path = folder / "a folder"
    (path / "sub").mkdir(parents=True)
    for name in ("ibdata1", "aria_log_control"):
        (path / name).touch()
    return path


def test_a_good_folder_is_left_as_it_was(data):
    before = {path.name: path.stat().st_ino for path in data.iterdir()}
    check_folder(data, 1000)
    assert {path.name: path.stat().st_ino for path in data.iterdir()} == before


def test_a_missing_folder_is_named(folder):
    with pytest.raises(FolderMissingError):
        check_folder(folder / "nowhere", 0)


def test_too_little_room_is_seen_beforehand(folder, tmpfs):
    disk = tmpfs(folder / "disk", "2m")
    check_folder(disk, 1_000_000)
    with pytest.raises(NoSpaceError) as caught:
        check_folder(disk, 10_000_000)
    assert 8_500_000 < caught.value.missing < 9_100_000


def test_another_disk_inside_is_refused(data, tmpfs):
    tmpfs(data / "sub" / "deep disk", "1m")
    with pytest.raises(MountInsideError) as caught:
        check_folder(data, 0)
    assert caught.value.names == ["sub/deep disk"]


def test_a_folder_of_the_same_disk_mounted_inside_is_refused(data, folder):
    (folder / "elsewhere").mkdir()
    subprocess.run(["mount", "--bind", folder / "elsewhere", data / "sub"], check=True)
    try:
        assert find_mounts_inside(data) == ["sub"]
    finally:
        subprocess.run(["umount", data / "sub"], check=True)
    assert find_mounts_inside(data) == []


def test_a_mount_point_itself_may_be_exchanged(folder, tmpfs):
    disk = tmpfs(folder / "disk", "2m")
    check_folder(disk, 0)


def test_an_interrupted_restore_is_named(data):
    with restoring(data, "x1", Kind.FILES, NOW), pytest.raises(RestoreUnfinishedError):
        check_folder(data, 0)


def test_links_out_of_a_data_folder_are_named(data):
    (data / "linked").symlink_to("/tmp")
    (data / "sub" / "table.isl").touch()
    (data / "sub" / "table.MYD").symlink_to("/tmp/x")
    assert find_links(data) == ["linked", "sub/table.MYD", "sub/table.isl"]
    with pytest.raises(ServerLayoutError):
        check_datadir(DatadirCheck(data, NOBODY))


def test_a_server_that_is_down_is_no_hindrance(data):
    check_datadir(DatadirCheck(data, NOBODY))


def test_a_server_that_runs_and_does_not_answer_is_one(data):
    hold = "import fcntl,sys; f=open(sys.argv[1],'rb+'); g=open(sys.argv[2],'rb+'); fcntl.lockf(f,2); fcntl.lockf(g,2)"
    command = ["python3", "-c", f"{hold}; print(1, flush=True); sys.stdin.read()", *map(str, gates(data))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        server.stdout.readline()
        assert is_served(data)
        with gate_locks(data) as locks:
            assert not locks.acquire()
        with pytest.raises(ServerUnreachableError):
            check_datadir(DatadirCheck(data, NOBODY))
    assert not is_served(data)


def gates(data):
    return [data / "ibdata1", data / "aria_log_control"]


def test_locks_are_given_up_together(data):
    with gate_locks(data) as locks:
        assert locks.acquire()
        assert locks.acquire()
        with gate_locks(data) as others:
            assert not others.acquire()
    with gate_locks(data) as locks:
        assert locks.acquire()


LAYOUT = {"datadir": "/var/lib/mysql/", "innodb_data_file_path": "ibdata1:12M:autoextend"}


@pytest.mark.parametrize("text", ["", "./", "/var/lib/mysql", "/var/lib/mysql/", "."])
def test_everything_in_the_data_folder_is_well(text):
    _require_one_folder(LAYOUT | {"innodb_undo_directory": text})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("innodb_log_group_home_dir", "/fast/"),
        ("innodb_undo_directory", "./undo"),
        ("aria_log_dir_path", "/var/lib"),
        ("innodb_data_home_dir", "/big"),
        ("innodb_data_file_path", "other:10M:autoextend"),
    ],
)
def test_files_elsewhere_are_named(name, text):
    with pytest.raises(ServerLayoutError) as caught:
        _require_one_folder(LAYOUT | {name: text})
    assert caught.value.names == [f"{name}={text}"]


SERVER = {"version": "10.11.6-MariaDB", "lower_case_table_names": "1", "innodb_page_size": "16384"}


@pytest.mark.parametrize(
    ("name", "text"),
    [("version", "10.6.1-MariaDB"), ("version", "11.4.1"), ("lower_case_table_names", 0), ("innodb_page_size", 4096)],
)
def test_an_archive_of_another_kind_of_server_is_refused(name, text):
    with pytest.raises(ServerDiffersError) as caught:
        _require_same_kind(SERVER, {name: text})
    assert (caught.value.what, caught.value.found) == (name, SERVER[name])


@pytest.mark.parametrize("server", [{}, {"version": "10.11.19-MariaDB", "innodb_page_size": 16384}, {"version": None}])
def test_an_archive_of_the_same_kind_is_well(server):
    _require_same_kind(SERVER, server)
