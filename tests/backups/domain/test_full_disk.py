"""A disk that becomes full at any byte: nothing incomplete stays, and the error says how much room is missing."""

from __future__ import annotations

import os

import pytest

from backups.domain.archive import Packing, Target, pack_folder
from backups.domain.errors import NoSpaceError

PAGE = os.sysconf("SC_PAGE_SIZE")
SIZE = 3_000_000


@pytest.fixture
def source(folder):
    (folder / "docs").mkdir()
    (folder / "docs" / "noise").write_bytes(os.urandom(SIZE))
    return folder / "docs"


@pytest.fixture
def archive_pages(source, job, target):
    """How many pages the archive takes on a disk that is large enough."""
    content, _skipped = pack_folder(Packing("docs", source), target, job)
    return -(-content.size // PAGE)


@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_a_full_disk_leaves_nothing_and_says_how_much_is_missing(source, job, folder, tmpfs, archive_pages, where):
    disk = tmpfs(folder / "disk", f"{(archive_pages + 50) * PAGE}")
    fill(disk, {"first": 0, "middle": archive_pages // 2, "last": archive_pages - 1}[where])
    with pytest.raises(NoSpaceError) as caught:
        pack_folder(Packing("docs", source), Target(disk / "docs.tar.gz", expected_bytes=2 * SIZE), job)
    assert [path.name for path in disk.iterdir()] == ["filler"]
    assert caught.value.path == disk
    assert SIZE <= caught.value.missing <= 2 * SIZE


def test_one_page_more_is_enough(source, job, folder, tmpfs, archive_pages):
    disk = tmpfs(folder / "disk", f"{(archive_pages + 50) * PAGE}")
    fill(disk, archive_pages)
    content, _skipped = pack_folder(Packing("docs", source), Target(disk / "docs.tar.gz"), job)
    assert -(-content.size // PAGE) == archive_pages


def test_without_a_guess_at_the_size_at_least_a_block_is_missing(source, job, folder, tmpfs, archive_pages):
    disk = tmpfs(folder / "disk", f"{(archive_pages + 50) * PAGE}")
    fill(disk, 10)
    with pytest.raises(NoSpaceError) as caught:
        pack_folder(Packing("docs", source), Target(disk / "docs.tar.gz"), job)
    assert caught.value.missing == 1 << 20


def fill(disk, free_pages):
    status = os.statvfs(disk)
    free = status.f_bavail * status.f_frsize
    (disk / "filler").write_bytes(bytes(free - free_pages * PAGE))
