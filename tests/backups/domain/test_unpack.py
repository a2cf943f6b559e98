"""Unpacking refuses what leaves its folder, and what is not the archive that was judged."""

from __future__ import annotations

import io
import os
import tarfile

import pytest

from backups.domain.errors import DamagedArchiveError, TarError, UnsafeArchiveError
from backups.domain.process import Identity
from backups.domain.reading import read_tar_gz
from backups.domain.unpack import Unpacking, unpack


@pytest.fixture
def archive(folder):
    return folder / "x.tar.gz"


@pytest.fixture
def out(folder):
    (folder / "out").mkdir(mode=0o777)
    return folder / "out"


def write(path, *entries):
    """A tar.gz of TarInfo objects; regular files hold their own name."""
    with tarfile.open(path, "w:gz") as tar:
        for info in entries:
            content = info.name.encode() if info.isfile() else b""
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def entry(name, kind=tarfile.REGTYPE, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, target, 0o644
    return info


@pytest.mark.parametrize(
    "entries",
    [
        [entry("/tmp/absolute")],
        [entry("../above")],
        [entry("link", tarfile.SYMTYPE, ".."), entry("link/through")],
        [entry("hard", tarfile.LNKTYPE, "../../etc/passwd")],
    ],
)
def test_an_entry_that_leaves_the_folder_is_refused_before_anything_is_written(archive, out, job, entries):
    write(archive, entry("good"), *entries)
    with pytest.raises(UnsafeArchiveError) as caught:
        unpack(Unpacking(archive, out, read_tar_gz(archive, job)), job)
    assert caught.value.names == [entries[-1].name]
    assert list(out.iterdir()) == []


def test_pipes_and_devices_are_left_out(archive, out, job):
    write(archive, entry("good"), entry("pipe", tarfile.FIFOTYPE), entry("dir/disk", tarfile.BLKTYPE))
    unpack(Unpacking(archive, out, read_tar_gz(archive, job)), job)
    assert [path.name for path in out.iterdir()] == ["good"]


@pytest.mark.parametrize("name", ["pi*e", "pi?e", "[p]ipe", "pi\\pe", "-pipe", "pi\npe"])
def test_a_pipe_with_a_name_like_a_pattern_takes_nothing_else_with_it(archive, out, job, name):
    write(archive, entry("pipe"), entry("a/pipe"), entry(name, tarfile.FIFOTYPE))
    unpack(Unpacking(archive, out, read_tar_gz(archive, job)), job)
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*")) == ["a", "a/pipe", "pipe"]


def test_bytes_that_changed_since_they_were_judged_are_found(archive, out, job):
    write(archive, entry("first"))
    reading = read_tar_gz(archive, job)
    write(archive, entry("other"))
    with pytest.raises(DamagedArchiveError):
        unpack(Unpacking(archive, out, reading), job)


def test_an_archive_that_was_cut_since_it_was_judged_is_damaged(archive, out, job):
    write(archive, *(entry(f"file{number}") for number in range(100)))
    reading = read_tar_gz(archive, job)
    os.truncate(archive, archive.stat().st_size - 20)
    with pytest.raises(DamagedArchiveError):
        unpack(Unpacking(archive, out, reading), job)


def test_a_folder_that_cannot_be_written_is_an_error_of_tar(archive, folder, job):
    write(archive, *(entry(f"file{number}") for number in range(3000)))
    with pytest.raises(TarError) as caught:
        unpack(Unpacking(archive, folder / "missing", read_tar_gz(archive, job)), job)
    assert "Cannot open" in caught.value.line


def test_what_is_unpacked_belongs_to_the_given_user(archive, folder, out, job):
    os.chown(out, 64_990, 64_990)
    write(archive, entry("file"))
    unpack(Unpacking(archive, out, read_tar_gz(archive, job), Identity(64_990, 64_990)), job)
    assert (out / "file").stat().st_uid == 64_990
    assert (out / "file").read_text() == "file"
