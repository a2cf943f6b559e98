"""What a restore keeps in a data folder is in no backup, counts for nothing, and is never taken for the data."""

from __future__ import annotations

import os
import stat
import subprocess
import tarfile
from datetime import UTC, datetime

import pytest

from backups.domain.errors import UnsafeArchiveError
from backups.domain.mariadb.proof import find_datadir
from backups.domain.reading import read_tar_gz
from backups.domain.restore.fill import Filling, fill_datadir
from backups.domain.restore.journal import STAGE_PREFIX, Kind
from backups.domain.restore.settle import restoring
from oobsite.files import tree_size

NOW = datetime(2026, 11, 24, 3, 15, tzinfo=UTC)


@pytest.fixture
def data(folder):
    kept = folder / "data" / "#sql-oob-x1" / "old" / "elexisoob"
    kept.mkdir(parents=True)
    (kept / "ibdata1").write_bytes(os.urandom(200_000))
    (folder / "data" / "elexisoob").mkdir()
    (folder / "data" / "elexisoob" / "#sql-oob-mine").write_text("a file of a user")
    return folder / "data"


def test_no_archive_contains_a_stage_folder(data, pack, target):
    manifest = pack(data, is_database=True)
    with tarfile.open(target.path) as tar:
        assert sorted(tar.getnames()) == [".", "./elexisoob", "./elexisoob/#sql-oob-mine"]
    assert manifest.skipped == ()


def test_a_stage_folder_does_not_count_as_data(data):
    assert tree_size(data) > 200_000
    assert tree_size(data, but=STAGE_PREFIX) < 20_000


def test_kept_data_are_not_taken_for_the_database(data):
    assert find_datadir(data) is None
    (data / "elexisoob" / "ibdata1").touch()
    assert find_datadir(data) == data / "elexisoob"


@pytest.fixture
def archived(folder, job):
    """Two archives of a data folder: as ours, and as the predecessor's script made them."""
    source = folder / "mnt" / "elexisdb"
    (source / "mysql").mkdir(parents=True)
    for name in ("ibdata1", "aria_log_control", "mysql/user"):
        (source / name).touch()
        (source / name).chmod(0o660)
    subprocess.run(["tar", "czf", folder / "ours.tar.gz", "-C", source, "."], check=True)
    subprocess.run(["tar", "czf", folder / "theirs.tar.gz", "-C", folder, "mnt"], check=True)
    return folder


@pytest.mark.parametrize("name", ["ours.tar.gz", "theirs.tar.gz"])
def test_a_data_folder_is_unpacked_for_the_server_s_user(archived, job, name):
    live = archived / "live"
    live.mkdir()
    (live / "ibdata1").touch()
    os.chown(live / "ibdata1", 999, 999)
    archive = archived / name
    before = os.umask(0o077)
    try:
        with restoring(live, "x1", Kind.MARIADB, NOW) as stage:
            fill_datadir(stage, Filling(archive, read_tar_gz(archive, job)), job)
            found = {path.name: path.stat() for path in stage.new_dir.rglob("*")}
    finally:
        os.umask(before)
    assert set(found) == {"ibdata1", "aria_log_control", "mysql", "user"}
    assert {status.st_uid for status in found.values()} == {999}
    assert stat.S_IMODE(found["user"].st_mode) == 0o660


def test_a_link_in_a_data_folder_is_refused(archived, job):
    (archived / "mnt" / "elexisdb" / "elexisoob").symlink_to("/etc")
    subprocess.run(["tar", "czf", archived / "ours.tar.gz", "-C", archived / "mnt" / "elexisdb", "."], check=True)
    archive = archived / "ours.tar.gz"
    (archived / "live").mkdir()
    with pytest.raises(UnsafeArchiveError), restoring(archived / "live", "x1", Kind.MARIADB, NOW) as stage:
        fill_datadir(stage, Filling(archive, read_tar_gz(archive, job)), job)
    assert list((archived / "live").iterdir()) == []
