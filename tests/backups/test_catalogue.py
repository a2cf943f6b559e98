"""The folder is the truth: the catalogue comes back from it alone."""

from __future__ import annotations

import json
import subprocess

import pytest

from backups.domain.manifest import manifest_path, read_manifest
from backups.models import BackupArchive, BackupRun
from backups.services import catalogue, sync_catalogue
from oobsite.alerts.models import Alert

LEGACY = "webelexisdata_2024-05-01-0230.tar.gz"
OLDEST = "elexisbackup_2019-03-01-0200/webelexisdata.tgz"


@pytest.fixture
def legacy(practice):
    """Archives of the predecessor in both forms, made with tar as it made them."""
    backup = practice / "backup"
    (backup / OLDEST).parent.mkdir()
    below = ["-C", str(practice / "mnt" / "webelexisdata"), "."]
    subprocess.run(["tar", "czf", str(backup / LEGACY), *below], check=True)
    (practice / "old" / "mnt").mkdir(parents=True)
    (practice / "old" / "mnt" / "webelexisdata").symlink_to(practice / "mnt" / "webelexisdata")
    command = ["tar", "czhf", str(backup / OLDEST), "-C", str(practice / "old"), "mnt/webelexisdata"]
    subprocess.run(command, check=True)
    return backup


def rows():
    fields = ("name", "series", "origin", "method", "taken_at", "size", "proof", "proved_at", "run__uid", "is_safety")
    return list(BackupArchive.objects.order_by("name").values_list(*fields))


def forget_everything():
    BackupArchive.objects.all().delete()
    BackupRun.objects.all().delete()


def test_an_empty_database_is_filled_from_the_folder(practice, run_command):
    run_command("runbackup")
    run_command("provebackup")
    before = rows()
    forget_everything()
    code, answer = run_command("scanbackups")
    assert (code, answer["found"], answer["added"], answer["removed"]) == (0, 2, 2, 0)
    assert rows() == before
    assert {row[6] for row in before} == {"proved"}


def test_runs_come_back_in_the_order_in_which_they_were(practice, run_command):
    stamps = [run_command("runbackup")[1]["stamp"] for _ in range(2)]
    times = list(BackupRun.objects.order_by("stamp").values_list("uid", "stamp", "trigger", "state"))
    forget_everything()
    run_command("scanbackups")
    assert list(BackupRun.objects.order_by("stamp").values_list("uid", "stamp", "trigger", "state")) == times
    assert [run.stamp for run in BackupRun.objects.order_by("stamp")] == stamps
    assert all(run.requested_at == run.started_at for run in BackupRun.objects.all())


def test_a_second_scan_changes_nothing(practice, run_command):
    run_command("runbackup")
    before = rows()
    assert run_command("scanbackups")[1]["added"] == 0
    assert rows() == before


def test_archives_of_the_predecessor_come_in_as_never_verified(legacy, run_command):
    code, _answer = run_command("scanbackups")
    assert code == 0
    found = BackupArchive.objects.order_by("name")
    assert [archive.name for archive in found] == [OLDEST, LEGACY]
    assert {(archive.series, archive.origin, archive.proof) for archive in found} == {
        ("webelexisdata", "legacy", "none")
    }


def test_archives_of_the_predecessor_can_be_verified_and_proved(legacy, run_command):
    assert run_command("verifybackup", LEGACY, OLDEST)[0] == 0
    code, answer = run_command("provebackup", LEGACY, OLDEST)
    assert (code, sorted(answer["proved"])) == (0, [OLDEST, LEGACY])
    assert set(BackupArchive.objects.values_list("proof", flat=True)) == {"proved"}


def test_a_damaged_archive_of_the_predecessor_is_found(legacy, run_command):
    (legacy / LEGACY).write_bytes((legacy / LEGACY).read_bytes()[:-10])
    code, answer = run_command("provebackup", LEGACY)
    assert (code, answer["state"]) == (1, "failed")
    assert BackupArchive.objects.get(name=LEGACY).proof == "failed"


def test_files_of_others_are_not_touched_and_not_listed(practice, run_command):
    foreign = practice / "backup" / "Ferienfotos.tar.gz"
    foreign.write_text("photos")
    run_command("runbackup", "--keep", "1")
    run_command("scanbackups")
    assert foreign.read_text() == "photos"
    assert not BackupArchive.objects.filter(name=foreign.name).exists()


def test_an_archive_that_is_gone_is_forgotten(practice, run_command):
    run_command("runbackup")
    name = BackupArchive.objects.earliest("name").name
    (practice / "backup" / name).unlink()
    assert run_command("scanbackups")[1]["removed"] == 1
    assert not BackupArchive.objects.filter(name=name).exists()


def test_an_empty_folder_forgets_nothing(practice, run_command):
    run_command("runbackup")
    (practice / "backup").rename(practice / "unmounted")
    (practice / "backup").mkdir()
    code, answer = run_command("scanbackups")
    assert (code, answer["ok"], len(answer["notices"])) == (3, False, 1)
    assert BackupArchive.objects.count() == 2


def test_a_folder_that_has_lost_most_archives_forgets_nothing_until_told(practice, run_command):
    for _ in range(2):
        run_command("runbackup")
    *gone, _left = sorted((practice / "backup").glob("*.tar.gz"))
    for path in gone:
        path.unlink()
    code, answer = run_command("scanbackups")
    assert (code, answer["removed"]) == (3, 0)
    assert "3" in answer["notices"][0]
    assert run_command("listbackups")[1]["notices"] == answer["notices"]
    assert BackupArchive.objects.count() == 4
    assert run_command("scanbackups", "--forget")[1]["removed"] == 3
    assert BackupArchive.objects.count() == 1


def test_what_the_user_keeps_for_good_waits_for_its_file(practice, run_command):
    run_command("runbackup")
    archive = BackupArchive.objects.earliest("name")
    BackupArchive.objects.filter(pk=archive.pk).update(is_pinned=True)
    archive.path.rename(practice / "elsewhere")
    assert run_command("scanbackups")[1]["removed"] == 0
    (practice / "elsewhere").rename(archive.path)
    run_command("scanbackups")
    assert BackupArchive.objects.get(name=archive.name).is_pinned


def test_an_archive_that_is_written_while_the_folder_is_read_is_not_forgotten(practice, run_command, monkeypatch):
    run_command("runbackup")
    listed = catalogue.list_folder()

    def list_too_early():
        run_command("runbackup", "--source", "pacsdata")
        return listed

    monkeypatch.setattr(catalogue, "list_folder", list_too_early)
    catalogue.sync_catalogue()
    assert BackupArchive.objects.count() == 3


def test_an_archive_of_another_size_than_its_manifest_says_has_failed(practice, run_command):
    run_command("runbackup", "--source", "pacsdata")
    run_command("provebackup")
    path = BackupArchive.objects.get().path
    path.write_bytes(path.read_bytes()[:-1])
    run_command("scanbackups")
    archive = BackupArchive.objects.get()
    assert (archive.proof, archive.proved_at) == ("failed", None)
    assert [problem["code"] for problem in archive.proof_report["problems"]] == ["damaged-archive"]


def test_a_missing_folder_is_an_error_and_forgets_nothing(practice, run_command):
    run_command("runbackup")
    (practice / "backup").rename(practice / "unmounted")
    code, answer = run_command("scanbackups")
    assert (code, answer["error"]) == (1, "folder-missing")
    assert BackupArchive.objects.count() == 2


def test_pins_survive_a_scan(practice, run_command):
    run_command("runbackup")
    BackupArchive.objects.update(is_pinned=True)
    sync_catalogue()
    assert set(BackupArchive.objects.values_list("is_pinned", flat=True)) == {True}


def test_nobody_vouches_for_an_archive_with_a_damaged_manifest(practice, run_command):
    run_command("runbackup", "--source", "pacsdata")
    path = practice / "backup" / BackupArchive.objects.get().name
    manifest_path(path).write_text("{")
    run_command("scanbackups")
    archive = BackupArchive.objects.get()
    assert (archive.origin, archive.run) == ("legacy", None)
    code, answer = run_command("verifybackup", path.name)
    assert (code, answer["ok"]) == (1, False)
    assert run_command("provebackup", path.name)[0] == 1


@pytest.mark.parametrize("field", ["sha256", "size", "entries", "index_sha256"])
def test_an_archive_that_is_not_what_its_manifest_says_fails_verification(practice, run_command, field):
    run_command("runbackup", "--source", "pacsdata")
    path = practice / "backup" / BackupArchive.objects.get().name
    content = read_manifest(path).to_json()
    content["content"][field] = 1 if isinstance(content["content"][field], int) else "0" * 64
    manifest_path(path).write_text(json.dumps(content))
    assert run_command("verifybackup")[0] == 1
    assert run_command("provebackup")[0] == 1


def test_a_proof_stands_in_the_answer_of_the_command(practice, run_command):
    run_command("runbackup", "--source", "pacsdata")
    code, answer = run_command("provebackup")
    (name,) = answer["proofs"]
    assert (code, answer["proved"]) == (0, [name])
    assert answer["proofs"][name]["entries"] == 2


def test_a_proof_that_failed_makes_the_run_a_failure(practice, run_command):
    run_command("runbackup")
    path = practice / "backup" / BackupArchive.objects.earliest("name").name
    path.write_bytes(path.read_bytes()[:-1])
    code, answer = run_command("provebackup")
    assert (code, answer["state"], answer["ok"]) == (6, "partial", False)
    assert sorted(report["is_good"] for report in answer["proofs"].values()) == [False, True]


def test_without_any_archive_there_is_nothing_to_prove_or_verify(practice, run_command):
    assert run_command("provebackup")[0] == 2
    assert run_command("verifybackup")[1]["error"] == "archive-missing"
    assert run_command("provebackup", "pacsdata_2026-01-01-0000.tar.gz")[0] == 2


def test_a_verdict_that_cannot_be_written_leaves_the_next_archive_its_turn(practice, run_command):
    run_command("runbackup")
    first, second = sorted(BackupArchive.objects.all(), key=lambda archive: archive.name)
    (practice / "backup" / f"{first.name}.proof.json").mkdir()
    code, answer = run_command("provebackup")
    assert (code, answer["proofs"][second.name]["is_good"]) == (6, True)
    (line,) = [line for line in answer["log"] if line["level"] == "error"]
    assert (line["code"], line["source"]) == ("file-system", first.series)
    assert {alert.kind: alert.code for alert in Alert.objects.all()} == {"proof-unjudged": "run-failed"}
