"""Damage is found wherever it is: every byte of an archive counts."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import tarfile

import pytest

from backups.domain.errors import CancelledError, DamagedArchiveError
from backups.domain.job import Job
from backups.domain.manifest import Content
from backups.domain.reading import MOST_SPECIALS, read_gz, read_tar_gz

ROUNDS = 150


@pytest.fixture
def archive(folder, pack, target):
    """An archive of text, noise and many small files, its bytes, and what its manifest says."""
    source = folder / "docs"
    source.mkdir()
    (source / "noise").write_bytes(random.Random(1).randbytes(40_000))
    (source / "text").write_text("Befund " * 20_000)
    for number in range(40):
        (source / f"{number}.txt").write_text(str(number))
    content = pack(source).content
    return target.path, target.path.read_bytes(), content


def verify(path, content: Content, job: Job) -> None:
    """What a verification does: read it all, and compare with the manifest."""
    if read_tar_gz(path, job).content != content:
        raise DamagedArchiveError(path, "checksum")


def test_an_untouched_archive_is_good(archive, job):
    path, _bytes, content = archive
    verify(path, content, job)


def test_a_flipped_bit_is_found_anywhere(archive, job):
    path, good, content = archive
    chance = random.Random(20261124)
    positions = [*range(12), *range(len(good) - 9, len(good)), *(chance.randrange(len(good)) for _ in range(ROUNDS))]
    for position in positions:
        bad = bytearray(good)
        bad[position] ^= 1 << chance.randrange(8)
        path.write_bytes(bad)
        with pytest.raises(DamagedArchiveError):
            verify(path, content, job)


def test_a_lost_block_is_found_anywhere(archive, job):
    path, good, content = archive
    chance = random.Random(7)
    for _ in range(ROUNDS // 5):
        at = chance.randrange(len(good) - 512)
        path.write_bytes(good[:at] + bytes(512) + good[at + 512 :])
        with pytest.raises(DamagedArchiveError):
            verify(path, content, job)


@pytest.mark.parametrize("share", range(10))
def test_a_cut_archive_is_found_without_its_manifest(archive, job, share):
    path, good, _content = archive
    path.write_bytes(good[: len(good) * share // 10])
    with pytest.raises(DamagedArchiveError):
        read_tar_gz(path, job)


@pytest.mark.parametrize("missing", [1, 4, 8, 9])
def test_a_cut_trailer_is_found_without_the_manifest(archive, job, missing):
    path, good, _content = archive
    path.write_bytes(good[:-missing])
    with pytest.raises(DamagedArchiveError):
        read_tar_gz(path, job)


@pytest.mark.parametrize(
    "behind",
    [b"more", gzip.compress(b"more"), gzip.compress(bytes(512) + b"hidden")],
    ids=["text", "gzip", "gzip of a block"],
)
def test_bytes_behind_the_end_are_found_without_the_manifest(archive, job, behind):
    path, good, _content = archive
    path.write_bytes(good + behind)
    with pytest.raises(DamagedArchiveError):
        read_tar_gz(path, job)


@pytest.mark.parametrize(
    "content", [b"", b"no gzip at all", gzip.compress(b"no tar at all" * 100)], ids=["empty", "no gzip", "no tar"]
)
def test_what_is_no_archive_is_damage_and_no_crash(folder, job, content):
    (folder / "x.tar.gz").write_bytes(content)
    with pytest.raises(DamagedArchiveError):
        read_tar_gz(folder / "x.tar.gz", job)


def test_a_tar_that_ends_in_the_middle_of_a_file_is_found_in_a_sound_gzip(folder, job):
    path = folder / "x.tar.gz"
    path.write_bytes(gzip.compress(make_tar([("file", b"x" * 5000)])[:3000]))
    with pytest.raises(DamagedArchiveError) as caught:
        read_tar_gz(path, job)
    assert caught.value.reason == "tar"


def test_the_index_is_json_also_for_names_that_are_no_text(folder, job):
    path, index = folder / "x.tar.gz", io.BytesIO()
    path.write_bytes(gzip.compress(make_tar([("\udce4\n\"'", b"x")])))
    content = read_tar_gz(path, job, index=index).content
    (line,) = [json.loads(line) for line in index.getvalue().splitlines()]
    assert os.fsencode(line["name"]) == b"\xe4\n\"'"
    assert (line["type"], line["size"], content.entries) == ("file", 1, 1)


@pytest.mark.parametrize(
    ("names", "unsafe"),
    [
        (["/etc/passwd"], ["/etc/passwd"]),
        (["../up"], ["../up"]),
        (["a/../../up"], ["a/../../up"]),
        (["a..b", "..c", "d/..."], []),
        ([("link", "/etc"), "link/passwd"], ["link/passwd"]),
        ([("./link", "/etc"), ".//link/passwd"], [".//link/passwd"]),
        ([("a/link", ".."), "./a/./link/x"], ["./a/./link/x"]),
        ([("link", "/etc"), "linked"], []),
    ],
)
def test_entries_that_would_leave_the_folder_are_named(folder, job, names, unsafe):
    (folder / "x.tar.gz").write_bytes(gzip.compress(make_tar([(name, b"") for name in names])))
    assert list(read_tar_gz(folder / "x.tar.gz", job).unsafe) == unsafe


@pytest.mark.parametrize("target", ["/etc/shadow", "../../etc/shadow", "link/shadow"])
def test_hard_links_that_leave_the_folder_are_named(folder, job, target):
    (folder / "x.tar.gz").write_bytes(gzip.compress(make_tar([(("link", "/etc"), b""), (("=hard", target), b"")])))
    assert read_tar_gz(folder / "x.tar.gz", job).unsafe == ("hard",)


def test_a_hard_link_to_a_symbolic_link_is_one_too(folder, job):
    entries = [(("link", "/etc"), b""), (("=copy", "link"), b""), ("copy/passwd", b"")]
    (folder / "x.tar.gz").write_bytes(gzip.compress(make_tar(entries)))
    assert read_tar_gz(folder / "x.tar.gz", job).unsafe == ("copy/passwd",)


def test_more_devices_than_can_be_left_out_are_unsafe(folder, job):
    entries = [((f"pipe{number}", None), b"") for number in range(MOST_SPECIALS + 1)]
    (folder / "x.tar.gz").write_bytes(gzip.compress(make_tar(entries)))
    reading = read_tar_gz(folder / "x.tar.gz", job)
    assert len(reading.specials) == MOST_SPECIALS
    assert reading.unsafe == (f"pipe{MOST_SPECIALS}",)


def test_a_cancelled_job_ends_the_reading(archive, job):
    path, _bytes, _content = archive
    with pytest.raises(CancelledError):
        read_tar_gz(path, Job(job.run_id, job.work_dir, is_cancelled=lambda: True))


def test_a_dump_is_read_to_its_last_byte(folder, job):
    path, blocks = folder / "x.sql.gz", []
    path.write_bytes(gzip.compress(b"SELECT 1;\n" * 300_000))
    content = read_gz(path, job, blocks.append)
    assert b"".join(blocks) == b"SELECT 1;\n" * 300_000
    assert (content.size, content.tar_bytes) == (path.stat().st_size, 3_000_000)


@pytest.mark.parametrize("missing", [1, 8, 500])
def test_a_cut_dump_is_damaged(folder, job, missing):
    path = folder / "x.sql.gz"
    path.write_bytes(gzip.compress(os.urandom(50_000))[:-missing])
    with pytest.raises(DamagedArchiveError):
        read_gz(path, job, lambda _block: None)


def make_tar(entries) -> bytes:
    """A tar of files, of symbolic links ("name", "target"), of hard links ("=name", target), of pipes (name, None)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT, errors="surrogateescape") as tar:
        for name, content in entries:
            info = tarfile.TarInfo(name if isinstance(name, str) else name[0].removeprefix("="))
            if isinstance(name, tuple):
                is_hard = name[0].startswith("=")
                info.type = tarfile.FIFOTYPE if name[1] is None else tarfile.LNKTYPE if is_hard else tarfile.SYMTYPE
                info.linkname = name[1] or ""
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()
