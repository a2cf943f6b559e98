"""Files that a killed server has left in another database than the definition of their table."""

from __future__ import annotations

import pytest

from backups.domain.sql.strays import folder_name, gather_strays

DATABASES = ("elexis", "oob_k1", "oob_k1_old")


@pytest.fixture
def datadir(tmp_path):
    for name in DATABASES:
        (tmp_path / name).mkdir()
    return tmp_path


def touch(datadir, *names):
    for name in names:
        (datadir / name).write_text(name)


def test_a_file_follows_its_definition(datadir):
    touch(datadir, "elexis/heap.frm", "elexis/heap.MAD", "oob_k1_old/heap.MAI", "oob_k1/heap.frm")
    touch(datadir, "oob_k1/heap.MAI", "oob_k1/heap.MAD")
    assert gather_strays(datadir, DATABASES) == ["elexis/heap.MAI"]
    assert (datadir / "elexis" / "heap.MAI").read_text() == "oob_k1_old/heap.MAI"
    assert gather_strays(datadir, DATABASES) == []


def test_what_could_belong_to_two_stays(datadir):
    touch(datadir, "elexis/heap.frm", "oob_k1/heap.frm", "oob_k1_old/heap.MYI")
    assert gather_strays(datadir, DATABASES) == []


def test_whole_tables_other_files_and_missing_folders_are_left_alone(datadir):
    touch(datadir, "elexis/a.frm", "elexis/a.MYD", "elexis/a.MYI", "oob_k1/db.opt", "oob_k1/b.ibd")
    assert gather_strays(datadir, (*DATABASES, "gone")) == []


@pytest.mark.parametrize(
    ("name", "folder"), [("elexis", "elexis"), ("praxis-2", "praxis@002d2"), ("ä b", "@00e4@0020b")]
)
def test_folders_are_named_as_the_server_does(name, folder):
    assert folder_name(name) == folder
