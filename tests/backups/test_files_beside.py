"""Single files come back beside the present ones: whole, with their owners, over nothing that is there."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from django.utils import timezone

from backups.domain.beside import beside_name
from backups.models import BackupArchive, BackupRun, Source

pytestmark = pytest.mark.django_db


def label() -> str:
    return f"restored {timezone.localtime():%Y-%m-%d}"


@pytest.fixture
def pacs(practice):
    """A folder with documents; what a test has backed up of it can be changed afterwards."""
    folder = practice / "mnt" / "pacsdata"
    (folder / "Berichte" / "2026").mkdir(parents=True)
    (folder / "Berichte" / "2026" / "Muster.pdf").write_bytes(b"then")
    (folder / "Berichte" / os.fsdecode(b"M\xfcller.txt")).write_bytes(b"latin")
    os.link(folder / "file", folder / "Berichte" / "hart")
    (folder / "Berichte" / "Link").symlink_to("/etc/passwd")
    os.chown(folder / "Berichte" / "2026" / "Muster.pdf", 1234, 2345)
    (folder / "Berichte" / "2026").chmod(0o750)
    os.chown(folder / "Berichte" / "2026", 33, 44)
    os.setxattr(folder / "Berichte" / "2026" / "Muster.pdf", "user.kind", b"report")
    os.utime(folder / "Berichte" / "2026" / "Muster.pdf", (0, 1_600_000_000))
    return folder


@pytest.fixture
def archive(pacs, run_command):
    code, answer = run_command("runbackup", "--source", "pacsdata")
    assert code == 0
    return answer["archives"][0]["name"]


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def written(answer, count=1):
    code, content = answer
    assert (code, len(content["written"])) == (0, count), content
    return content["written"]


# --- names ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "number", "expected"),
    [
        (b"a.pdf", 1, b"a (restored 2026-11-24).pdf"),
        (b"a.pdf", 3, b"a (restored 2026-11-24) 3.pdf"),
        (b".bashrc", 1, b".bashrc (restored 2026-11-24)"),
        (b"no ending", 1, b"no ending (restored 2026-11-24)"),
        (b"M\xfcller.txt", 1, b"M\xfcller (restored 2026-11-24).txt"),
    ],
)
def test_the_new_name(name, number, expected):
    assert beside_name(name, "restored 2026-11-24", number) == expected


def test_a_folder_has_no_ending():
    assert beside_name(b"Dr. Muster", "restored 2026-11-24", 1, is_folder=True) == b"Dr. Muster (restored 2026-11-24)"


@pytest.mark.parametrize("name", [b"x" * 255, "ü".encode() * 127 + b".a", b"a." + b"y" * 253])
def test_a_long_name_is_cut_to_what_a_file_system_takes(name):
    made = beside_name(name, "restored 2026-11-24", 12)
    assert len(made) <= 255
    assert b"(restored 2026-11-24) 12" in made


# --- the main way ---------------------------------------------------------------------------------------------
def test_a_file_comes_back_beside_the_present_one_as_it_was(pacs, archive, run_command):
    path = pacs / "Berichte" / "2026" / "Muster.pdf"
    path.write_bytes(b"now")
    assert written(run_command("restorefiles", archive, "Berichte/2026/Muster.pdf")) == [
        f"Berichte/2026/Muster ({label()}).pdf"
    ]
    restored = path.with_name(f"Muster ({label()}).pdf")
    status = restored.stat()
    assert (path.read_bytes(), restored.read_bytes()) == (b"now", b"then")
    assert (status.st_uid, status.st_gid, status.st_mtime) == (1234, 2345, 1_600_000_000)
    assert os.getxattr(restored, "user.kind") == b"report"
    assert not [name for name in names_in(pacs) if name.startswith("#")]


def test_a_name_that_is_taken_is_never_replaced(pacs, archive, run_command):
    for expected in (f"file ({label()})", f"file ({label()}) 2", f"file ({label()}) 3"):
        assert written(run_command("restorefiles", archive, "file")) == [expected]
    (pacs / f"Berichte ({label()})").symlink_to("/nonexistent")
    assert written(run_command("restorefiles", archive, "Berichte")) == [f"Berichte ({label()}) 2"]


def test_a_folder_comes_back_whole(pacs, archive, run_command):
    assert written(run_command("restorefiles", archive, "Berichte")) == [f"Berichte ({label()})"]
    compare = ["diff", "-r", "--no-dereference", pacs / "Berichte", pacs / f"Berichte ({label()})"]
    assert subprocess.run(compare).returncode == 0
    status = (pacs / f"Berichte ({label()})" / "2026").stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (33, 44, 0o750)


def test_several_at_once_and_names_of_every_kind(pacs, archive, run_command):
    paths = ("Berichte/M\\xfcller.txt", "Berichte/hart", "Berichte/Link", "Berichte/2026", "Berichte/2026/Muster.pdf")
    assert len(written(run_command("restorefiles", archive, *paths), 4)) == 4
    latin = pacs / "Berichte" / os.fsdecode(b"M\xfcller (" + label().encode() + b").txt")
    assert latin.read_bytes() == b"latin"
    assert (pacs / "Berichte" / f"hart ({label()})").read_bytes() == (pacs / "file").read_bytes()
    assert (pacs / "Berichte" / f"Link ({label()})").readlink().as_posix() == "/etc/passwd"


def test_folders_that_are_missing_are_made_as_archived(pacs, archive, run_command):
    shutil.rmtree(pacs / "Berichte")
    written(run_command("restorefiles", archive, "Berichte/2026/Muster.pdf"))
    status = (pacs / "Berichte" / "2026").stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (33, 44, 0o750)
    assert names_in(pacs / "Berichte") == ["2026"]
    assert names_in(pacs / "Berichte" / "2026") == [f"Muster ({label()}).pdf"]


# --- what is refused ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["../pacsdata/file", "/etc/passwd", "Berichte/../file", "none", "Berichte/Link/x"])
def test_paths_that_are_not_in_the_archive_are_refused(pacs, archive, run_command, path):
    before = names_in(pacs)
    code, content = run_command("restorefiles", archive, path)
    assert (code, content["error"]) == (2, "member-missing")
    assert names_in(pacs) == before


def test_the_whole_archive_is_no_file(archive, run_command):
    assert run_command("restorefiles", archive, "./")[1]["error"] == "nothing-chosen"


def test_a_link_in_the_way_leads_nowhere(pacs, archive, run_command, folder):
    shutil.rmtree(pacs / "Berichte")
    (folder / "elsewhere" / "2026").mkdir(parents=True)
    (pacs / "Berichte").symlink_to(folder / "elsewhere")
    code, content = run_command("restorefiles", archive, "Berichte/2026/Muster.pdf")
    assert (code, content["error"]) == (1, "place-blocked")
    assert names_in(folder / "elsewhere" / "2026") == []
    assert names_in(pacs) == ["Berichte", "file"]


def test_a_database_gives_no_single_files(archive, run_command):
    Source.objects.filter(name="pacsdata").update(kind=Source.Kind.MARIADB)
    assert run_command("restorefiles", archive, "file")[1]["error"] == "archive-unfit"


def test_a_damaged_archive_gives_nothing(pacs, archive, run_command, practice):
    path = practice / "backup" / archive
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    assert run_command("restorefiles", archive, "file")[1]["error"] == "damaged-archive"
    assert names_in(pacs) == ["Berichte", "file"]


def test_a_full_disk_leaves_nothing(practice, run_command, tmpfs):
    folder = tmpfs(practice / "mnt" / "lucinda", "8m")
    Source.objects.create(name="lucinda", title="Lucinda", path="lucinda")
    (folder / "big").write_bytes(os.urandom(5_000_000))
    name = run_command("runbackup", "--source", "lucinda")[1]["archives"][0]["name"]
    code, content = run_command("restorefiles", name, "big")
    assert (code, content["error"]) == (1, "no-space")
    assert names_in(folder) == ["big"]
    assert BackupRun.objects.latest().state == BackupRun.State.FAILED


# --- archives of the predecessor ------------------------------------------------------------------------------
def test_an_archive_without_an_index_gets_one_by_its_proof(pacs, practice, run_command):
    archive = practice / "backup" / "pacsdata_2024-05-01-0230.tar.gz"
    subprocess.run(["tar", "czf", archive, "-C", pacs, "."], check=True)
    assert run_command("browsebackup", archive.name)[1]["error"] == "index-missing"
    assert run_command("provebackup", archive.name)[0] == 0
    code, content = run_command("browsebackup", archive.name, "Berichte")
    assert [entry["path"] for entry in content["entries"]] == [
        "Berichte/2026",
        "Berichte/hart",
        "Berichte/Link",
        "Berichte/M\\xfcller.txt",
    ]
    assert code == 0
    assert written(run_command("restorefiles", archive.name, "file")) == [f"file ({label()})"]
    assert BackupArchive.objects.get().origin == "legacy"


def test_an_archive_that_begins_above_its_folder_comes_back_into_it(pacs, practice, run_command):
    """The predecessor's script packed /mnt/pacsdata from the top of the container."""
    archive = practice / "backup" / "elexisbackup_2024-05-01-0230" / "pacsdata.tgz"
    archive.parent.mkdir()
    subprocess.run(["tar", "czf", archive, "-C", practice, "mnt/pacsdata"], check=True)
    name = "elexisbackup_2024-05-01-0230/pacsdata.tgz"
    assert run_command("provebackup", name)[0] == 0
    answer = run_command("restorefiles", name, "mnt/pacsdata/Berichte/2026/Muster.pdf")
    assert written(answer) == [f"Berichte/2026/Muster ({label()}).pdf"]
    assert (pacs / "Berichte" / "2026" / f"Muster ({label()}).pdf").read_bytes() == b"then"
    assert run_command("restorefiles", name, "mnt")[1]["error"] == "member-missing"


@pytest.mark.parametrize("path", ["#sql-oob-x1", "#sql-oob-x1/journal.json"])
def test_nothing_comes_back_that_recovery_would_take_for_a_restore(pacs, practice, run_command, path):
    (practice / "foreign" / "#sql-oob-x1").mkdir(parents=True)
    (practice / "foreign" / "#sql-oob-x1" / "journal.json").write_text("{}")
    name = "pacsdata_2020-01-02-0304.tar.gz"
    subprocess.run(["tar", "czf", practice / "backup" / name, "-C", practice / "foreign", "."], check=True)
    run_command("scanbackups")
    assert run_command("provebackup", name)[0] == 0
    code, answer = run_command("restorefiles", name, path)
    assert (code, answer["error"]) == (2, "member-missing")
    assert [found for found in names_in(pacs) if found.startswith("#")] == []
