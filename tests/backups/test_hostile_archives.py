"""An archive that anybody may have put into the backup folder changes nothing, whatever is in it."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from backups.domain.restore.journal import list_stage_folders

STAMP = "2020-01-02-0304"
NAME = f"webelexisdata_{STAMP}.tar.gz"
FILE, LINK, HARD = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE


def entry(name, kind=FILE, target="", size=5):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, size if kind == FILE else 0
    return info


def write(path, entries):
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for info in entries:
            tar.addfile(info, io.BytesIO(bytes(info.size)))


def tree(folder):
    """Every file below a folder with its owner, mode, time and content; of folders the times are no matter."""
    return {str(path.relative_to(folder)): describe(path) for path in folder.rglob("*")}


def describe(path):
    status = path.lstat()
    if path.is_symlink():
        return status.st_mode, status.st_uid, str(path.readlink())
    if path.is_dir():
        return status.st_mode, status.st_uid
    return status.st_mode, status.st_uid, status.st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def live(practice):
    """The folder that is in danger."""
    return practice / "mnt" / "webelexisdata"


@pytest.fixture
def refused(practice, live, run_command):
    """Restore the hostile archive, and prove it: the codes of both refusals. Nothing has changed."""

    def refused():
        before = tree(practice / "mnt")
        run_command("scanbackups")
        code, content = run_command("restorebackup", STAMP, "--source", "webelexisdata", "--yes", "--folders-idle")
        assert code == 1, content
        assert tree(practice / "mnt") == before
        assert list_stage_folders(live) == []
        assert list((practice / "work").iterdir()) == []
        assert [*practice.rglob("outside-*"), *Path("/tmp").glob("outside-*")] == []
        return content["error"]

    return refused


@pytest.mark.parametrize(
    "entries",
    [
        [entry("good"), entry("/tmp/outside-absolute")],
        [entry("good"), entry("../../outside-above")],
        [entry("good"), entry("sub/../../outside-above")],
        [entry("link", LINK, ".."), entry("link/outside-through")],
        [entry("link", LINK, "/tmp"), entry("hard", HARD, "link"), entry("hard/outside-through")],
        [entry("good"), entry("hard", HARD, "/etc/passwd")],
        [entry("good"), entry("hard", HARD, "../pacsdata/file")],
        [entry("twice"), entry("twice")],
        [entry("twice"), entry("./twice", LINK, "/etc")],
        [entry("link", LINK, "/tmp"), entry("link/", tarfile.DIRTYPE), entry("link/outside-through")],
    ],
    ids=["absolute", "above", "hidden", "link", "copied-link", "hard", "hard-above", "twice", "to-link", "over-link"],
)
def test_an_entry_that_leaves_the_folder_or_comes_twice_is_refused(practice, refused, run_command, entries):
    write(practice / "backup" / NAME, entries)
    assert refused() == "unsafe-archive"
    code, content = run_command("provebackup", NAME)
    assert (code, content["log"][0]["code"]) == (1, "unsafe-archive")


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([entry("mnt/pacsdata/good")], "archive-unfit"),
        ([entry("mnt/webelexisdata/good"), entry("mnt/pacsdata/bad")], "archive-unfit"),
        ([entry("mnt/webelexisdata/good"), entry("bad")], "archive-unfit"),
        ([entry("mnt/webelexisdata", LINK, "/tmp")], "staged-incomplete"),
        ([entry("mnt/webelexisdata", LINK, "/tmp"), entry("mnt/webelexisdata/outside-through")], "unsafe-archive"),
        ([entry("mnt", LINK, "/tmp"), entry("mnt/webelexisdata/outside-through")], "unsafe-archive"),
    ],
    ids=["other", "two", "beside", "only-link", "link", "link-above"],
)
def test_tricks_with_the_folder_of_the_oldest_form_are_refused(practice, refused, entries, code):
    path = practice / "backup" / f"elexisbackup_{STAMP}" / "webelexisdata.tgz"
    path.parent.mkdir()
    write(path, entries)
    assert refused() == code


def test_a_cut_archive_is_refused(practice, refused):
    path = practice / "backup" / NAME
    write(path, [entry(f"file{number}", size=5000) for number in range(20)])
    path.write_bytes(path.read_bytes()[:-20])
    assert refused() == "damaged-archive"


def test_a_flipped_byte_is_found(practice, refused):
    path = practice / "backup" / NAME
    with tarfile.open(path, "w:gz") as tar:
        tar.addfile(entry("noise", size=50_000), io.BytesIO(os.urandom(50_000)))
    content = bytearray(path.read_bytes())
    content[25_000] ^= 1
    path.write_bytes(content)
    assert refused() == "damaged-archive"


def test_a_database_is_not_put_into_a_folder(practice, refused):
    write(practice / "backup" / NAME, [entry("ibdata1", size=1 << 20), entry("aria_log_control")])
    assert refused() == "archive-unfit"


def test_an_empty_archive_empties_no_folder(practice, refused):
    write(practice / "backup" / NAME, [])
    assert refused() == "proof-failed"


def test_devices_and_pipes_are_left_out_and_named(practice, live, run_command):
    specials = [entry("pipe", tarfile.FIFOTYPE), entry("disk", tarfile.BLKTYPE), entry("tty", tarfile.CHRTYPE)]
    write(practice / "backup" / NAME, [entry("good"), *specials])
    code, content = run_command("restorebackup", STAMP, "--yes", "--folders-idle")
    assert code == 3
    (line,) = [line for line in content["log"] if line["level"] == "warning"]
    assert (line["code"], line["params"]["names"]) == ("specials-left-out", ["pipe", "disk", "tty"])
    assert [path.name for path in live.iterdir() if not path.name.startswith("#sql")] == ["good"]


def test_a_link_that_leads_out_comes_back_as_a_link_and_nothing_more(practice, live, run_command):
    """It is data of the folder; who follows it is another matter."""
    write(practice / "backup" / NAME, [entry("good"), entry("link", LINK, "/etc")])
    before = tree(practice / "mnt" / "pacsdata")
    assert run_command("restorebackup", STAMP, "--yes", "--folders-idle")[0] == 0
    assert (live / "link").readlink().as_posix() == "/etc"
    assert tree(practice / "mnt" / "pacsdata") == before


# --- bombs ------------------------------------------------------------------------------------------------------
@pytest.fixture
def small_disk(live, tmpfs):
    """The live folder has a disk of its own, of 8 MB and 300 files."""
    tmpfs(live, "8M,nr_inodes=300")
    (live / "file").write_bytes(os.urandom(20_000))


def test_a_bomb_is_stopped_when_it_is_larger_than_the_disk(practice, small_disk, refused):
    path = practice / "backup" / NAME
    write(path, [entry("good"), entry("bomb", size=200_000_000)])
    assert path.stat().st_size < 2_000_000
    assert refused() == "archive-too-large"


def test_zeros_behind_the_end_are_stopped_too(practice, small_disk, refused):
    path = practice / "backup" / NAME
    write(path, [entry("good")])
    with gzip.open(path, "ab", compresslevel=1) as file:
        file.write(bytes(100_000_000))
    assert refused() == "archive-too-large"


def test_a_file_of_a_terabyte_of_holes_is_stopped(practice, small_disk, refused):
    holes = practice / "work" / "holes"
    holes.touch()
    os.truncate(holes, 10**12)
    subprocess.run(["tar", "-cSzf", practice / "backup" / NAME, "-C", holes.parent, holes.name], check=True)
    holes.unlink()
    assert refused() == "no-space"


def test_more_files_than_the_disk_can_take_are_refused(practice, small_disk, refused):
    write(practice / "backup" / NAME, [entry(f"file{number}", size=0) for number in range(1000)])
    assert refused() == "too-many-files"


# --- a full disk ------------------------------------------------------------------------------------------------
def test_a_disk_that_becomes_full_while_staging_loses_nothing(practice, live, tmpfs, refused):
    """Many small files take more room than they hold: the check beforehand cannot see it."""
    tmpfs(live, "6M")
    (live / "file").write_bytes(os.urandom(20_000))
    write(practice / "backup" / NAME, [entry(f"file{number}", size=100) for number in range(3000)])
    assert refused() == "no-space"


def test_a_backup_disk_that_becomes_full_at_the_safety_backup_loses_nothing(practice, live, tmpfs, settings, refused):
    settings.OOB_BACKUP_DIR = tmpfs(practice / "small", "3M")
    (live / "file").write_bytes(os.urandom(5_000_000))
    write(practice / "small" / NAME, [entry("good")])
    assert refused() == "safety-backup"
    assert [path.name for path in (practice / "small").iterdir() if path.name.endswith((".tar.gz", ".part"))] == [NAME]
