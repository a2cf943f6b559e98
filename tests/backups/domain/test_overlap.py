from __future__ import annotations

import pytest

from backups.domain.overlap import find_overlaps


def test_folders_beside_each_other_do_not_overlap(folder):
    assert find_overlaps({"a": folder / "data", "b": folder / "data2"}, folder / "backup") == []


@pytest.mark.parametrize(("source", "backup"), [("mnt", "mnt/backup"), ("backup/mnt", "backup"), ("same", "same")])
def test_a_source_and_the_backup_folder_in_each_other_overlap(folder, source, backup):
    assert find_overlaps({"docs": folder / source}, folder / backup) == [("docs", "backup")]


def test_two_sources_in_each_other_overlap(folder):
    assert find_overlaps({"a": folder / "mnt", "b": folder / "mnt" / "b"}, folder / "backup") == [("a", "b")]


def test_a_link_does_not_hide_an_overlap(folder):
    (folder / "data" / "backup").mkdir(parents=True)
    (folder / "backup").symlink_to(folder / "data" / "backup")
    assert find_overlaps({"docs": folder / "data"}, folder / "backup") == [("docs", "backup")]


def test_dots_in_a_path_do_not_hide_an_overlap(folder):
    assert find_overlaps({"docs": folder / "x" / ".." / "data"}, folder / "data" / "y") == [("docs", "backup")]
