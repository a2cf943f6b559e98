"""The backup folder: names, stamps, archives of the predecessor, files of others, left-overs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine

from backups.domain.catalog import archive_name, choose_stamp, delete_archive, last_content, remove_leftovers, scan
from backups.domain.errors import FolderMissingError
from backups.domain.manifest import PROOF_SUFFIX, Content, Manifest, manifest_path, write_manifest

ZURICH = "Europe/Zurich"
NAME = "docs_2026-11-24-0315.tar.gz"


def touch(folder, *names, content=b""):
    for name in names:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)


def make_ours(folder, name, started_at="2026-11-24T02:15:00+00:00", size=4):
    """An archive of four bytes with its manifest."""
    touch(folder, name, content=b"1234")
    manifest = Manifest(
        "0123456789ab", "docs", "docs", "files", "files", name, started_at, started_at, Content(size, "", 0)
    )
    write_manifest(folder / name, manifest)


def stamp_at(folder, moment):
    with time_machine.travel(moment, tick=False):
        return choose_stamp(folder, datetime.now(UTC), ZURICH)


def test_the_stamp_is_the_local_minute(folder):
    assert stamp_at(folder, datetime(2026, 7, 1, 1, 15, 59, tzinfo=UTC)) == "2026-07-01-0315"


def test_two_runs_in_one_minute_have_different_names(folder):
    now = datetime(2026, 11, 24, 2, 15, tzinfo=UTC)
    for expected in ("2026-11-24-0315", "2026-11-24-0315-2", "2026-11-24-0315-3"):
        assert stamp_at(folder, now) == expected
        touch(folder, archive_name("docs", expected))


def test_half_past_two_comes_twice_in_the_autumn_night(folder):
    first = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo(ZURICH), fold=0)
    make_ours(folder, archive_name("docs", stamp_at(folder, first)), "2026-10-25T00:30:00+00:00")
    second = stamp_at(folder, first.replace(fold=1))
    make_ours(folder, archive_name("docs", second), "2026-10-25T01:30:00+00:00")
    assert second == "2026-10-25-0230-2"
    assert [item.taken_at.hour for item in scan(folder, ZURICH)] == [0, 1]


def test_the_name_of_any_series_takes_the_stamp_for_the_whole_run(folder):
    touch(folder, "elexisdb_sql_2026-11-24-0315.sql.gz")
    assert stamp_at(folder, datetime(2026, 11, 24, 2, 15, tzinfo=UTC)) == "2026-11-24-0315-2"


def test_an_archive_of_ours_is_listed_with_its_manifest(folder):
    make_ours(folder, NAME)
    (item,) = scan(folder, ZURICH)
    assert (item.name, item.series, item.stamp, item.size) == (NAME, "docs", "2026-11-24-0315", 4)
    assert item.is_ours
    assert item.is_complete
    assert item.taken_at == datetime(2026, 11, 24, 2, 15, tzinfo=UTC)


def test_both_forms_of_the_predecessor_are_listed_and_not_ours(folder):
    touch(folder, "elexisdb_2024-05-01-0230.tar.gz", "elexisbackup_2019-03-01-0200/elexisdb.tgz")
    found = [(item.name, item.series, item.taken_at, item.is_ours) for item in scan(folder, ZURICH)]
    assert found == [
        ("elexisbackup_2019-03-01-0200/elexisdb.tgz", "elexisdb", datetime(2019, 3, 1, 1, tzinfo=UTC), False),
        ("elexisdb_2024-05-01-0230.tar.gz", "elexisdb", datetime(2024, 5, 1, 0, 30, tzinfo=UTC), False),
    ]


def test_files_of_others_do_not_disturb_the_list(folder):
    touch(folder, "holiday.jpg", "elexisdb.tar.gz", "_2024-05-01-0230.tar.gz", "x_2024-13-41-9999.tar.gz", "\udce4.gz")
    touch(folder, "elexisbackup_2019-03-01-0200/readme.txt", "other/elexisdb_2024-05-01-0230.tar.gz")
    (folder / "dir_2024-05-01-0230.tar.gz").mkdir()
    (folder / "elexisbackup_2019-03-01-0200" / "dir.tgz").mkdir()
    (folder / "dangling_2024-05-01-0230.tar.gz").symlink_to("nowhere")
    assert scan(folder, ZURICH) == []


def test_a_folder_that_is_not_there_is_an_error_and_no_empty_list(folder):
    with pytest.raises(FolderMissingError):
        scan(folder / "missing", ZURICH)


@pytest.mark.parametrize("damage", [{"format": 2}, {"started_at": "yesterday"}, {"server": 1}, {"started_at": None}])
def test_nobody_vouches_for_an_archive_with_a_damaged_manifest(folder, damage):
    make_ours(folder, NAME)
    path = manifest_path(folder / NAME)
    path.write_text(json.dumps(json.loads(path.read_text()) | damage))
    (item,) = scan(folder, ZURICH)
    assert not item.is_ours
    assert item.series == "docs"


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"format": 1}'])
def test_a_manifest_that_is_no_manifest_does_not_break_the_list(folder, text):
    make_ours(folder, NAME)
    manifest_path(folder / NAME).write_bytes(text)
    assert [item.is_ours for item in scan(folder, ZURICH)] == [False]


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"is_good": true}', '{"is_good": 1, "proved_at": "x"}'])
def test_a_damaged_proof_counts_as_none(folder, text):
    make_ours(folder, NAME)
    (folder / (NAME + PROOF_SUFFIX)).write_text(text)
    assert [item.proof for item in scan(folder, ZURICH)] == [{}]


def test_an_archive_of_another_size_than_its_manifest_is_not_complete(folder):
    make_ours(folder, NAME, size=5)
    assert [item.is_complete for item in scan(folder, ZURICH)] == [False]


def test_leftovers_of_dead_runs_go_and_everything_else_stays(folder):
    make_ours(folder, NAME)
    ours = [f"{NAME}.abcdefabcdef.part", f"{NAME}.index.gz.abcdefabcdef.part", f"{NAME}.manifest.json.123.part"]
    half = "x_2026-01-01-0000.tar.gz"  # it died between its manifest and its name
    half_published = [f"{half}.abcdefabcdef.part", f"{half}.manifest.json", f"{half}.index.gz"]
    foreign = ["download.part", "notes.manifest.json", "film.part.mkv", "film.abcdefabcdef.part"]
    others = [f"{NAME}.0123456789ab.part", *foreign]
    touch(folder, *ours, *half_published, *others)
    (folder / "y_2026-01-01-0000.tar.gz.abcdefabcdef.part").mkdir()
    assert sorted(remove_leftovers(folder, except_run="0123456789ab")) == sorted(ours + half_published)
    left = {path.name for path in folder.iterdir() if path.is_file()}
    assert left == {NAME, f"{NAME}.manifest.json", *others}


def test_what_stands_beside_an_archive_that_is_away_stays_for_its_return(folder):
    sidecars = {f"{NAME}{suffix}" for suffix in (".manifest.json", ".index.gz", PROOF_SUFFIX)}
    touch(folder, *sidecars)
    assert remove_leftovers(folder, except_run="0123456789ab") == []
    assert {path.name for path in folder.iterdir()} == sidecars


def test_deleting_an_archive_takes_all_that_stands_beside_it(folder):
    make_ours(folder, NAME)
    touch(folder, NAME + PROOF_SUFFIX, NAME + ".index.gz", "docs_2026-11-24-0316.tar.gz")
    delete_archive(folder / NAME, "0123456789ab")
    assert [path.name for path in folder.iterdir()] == ["docs_2026-11-24-0316.tar.gz"]


def test_the_last_content_is_that_of_our_newest_archive_of_the_series(folder):
    touch(folder, "docs_2026-12-01-0000.tar.gz", content=b"of the predecessor")
    make_ours(folder, NAME)
    assert last_content(scan(folder, ZURICH), "docs").size == 4
    assert last_content(scan(folder, ZURICH), "docs_sql").size == 0
