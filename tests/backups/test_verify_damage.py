"""What becomes of an archive that the check in turn finds damaged or missing, and who hears of it."""

from __future__ import annotations

import json
import os
from datetime import timedelta

import pytest
import time_machine
from realsite import flip_bytes
from verifying import *  # noqa: F403 - fixtures
from verifying import DAY, HOUR, MINUTE, NIGHT, Action, checked, codes, open_alerts, tick_at

from backups.domain.errors import FolderMissingError
from backups.models import BackupArchive, BackupRun
from backups.services import condition, sync_catalogue, turn
from oobsite.alerts.models import Alert


# --- damage -------------------------------------------------------------------------------------------------
def flip(archive):
    flip_bytes(archive.path, archive.size // 2, 1)


def truncate(archive):
    os.truncate(archive.path, archive.size // 2)


def spoil_manifest(archive):
    archive.path.with_name(archive.name + ".manifest.json").write_text("{")


@pytest.mark.parametrize("damage", [flip, truncate, spoil_manifest])
def test_a_damaged_archive_is_marked_and_told_and_the_others_are_checked(archives, check, damage):
    damage(archives[0])
    run = check()
    assert (run.state, codes(run), len(checked(run))) == ("partial", ["damaged-archive"], 3)
    archives[0].refresh_from_db()
    assert (archives[0].proof, archives[0].proof_report["problems"][0]["code"]) == ("failed", "damaged-archive")
    assert open_alerts() == {("pacsdata", "archive-damaged")}


def test_the_mark_stands_in_the_folder_too(archives, check, run_command):
    flip(archives[0])
    check()
    BackupArchive.objects.all().delete()
    run_command("scanbackups")
    assert BackupArchive.objects.get(name=archives[0].name).proof == "failed"


def test_what_is_known_to_be_damaged_is_told_once(archives, check):
    flip(archives[0])
    check()
    Alert.objects.all().delete()
    assert check(NIGHT + DAY).state == "partial"
    assert open_alerts() == set()


def test_what_is_good_again_is_told_to_be_over(archives, check):
    content = archives[0].path.read_bytes()
    flip(archives[0])
    check()
    archives[0].path.write_bytes(content)
    assert check(NIGHT + DAY).state == "done"
    assert open_alerts() == set()
    assert BackupArchive.objects.get(pk=archives[0].pk).proof == "proved"


def test_a_damaged_archive_is_kept_until_there_are_newer_good_ones(archives, check, run_command):
    flip(archives[2])
    check()
    run_command("runbackup", "--source", "pacsdata", "--keep", "2")
    kept = set(BackupArchive.objects.values_list("name", flat=True))
    assert {archives[1].name, archives[2].name} < kept
    for _ in range(2):
        run_command("runbackup", "--source", "pacsdata", "--keep", "2")
    assert not archives[2].path.exists()
    assert open_alerts() == set()


def test_many_damaged_ones_are_one_alert_that_is_told_when_the_check_has_ended(archives, check, settings):
    settings.LANGUAGE_CODE = "en"
    for archive in archives:
        flip(archive)
    check()
    alert = Alert.objects.get(kind="archive-damaged")
    assert (str(alert), alert.held_until) == ("3 archives damaged: PACS", None)
    assert {item.name for item in alert.items.all()} == {archive.name for archive in archives}


def test_a_check_that_is_killed_leaves_what_it_found_to_be_told(archives, check, monkeypatch):
    """Nothing that follows a ``kill -9`` is carried out: the tick tells it an hour later."""
    flip(archives[0])
    monkeypatch.setattr(condition, "tell_held", lambda _kind: None)
    check()
    alert = Alert.objects.get(kind="archive-damaged")
    assert timedelta(0) < alert.held_until - NIGHT <= HOUR + MINUTE


def test_the_all_clear_waits_for_the_last_of_them(archives, check):
    contents = [archive.path.read_bytes() for archive in archives[:2]]
    for archive in archives[:2]:
        flip(archive)
    check()
    archives[0].path.write_bytes(contents[0])
    check(NIGHT + DAY)
    assert open_alerts() == {("pacsdata", "archive-damaged")}
    archives[1].path.write_bytes(contents[1])
    check(NIGHT + 2 * DAY)
    assert open_alerts() == set()


def test_archives_of_the_predecessor_that_nobody_found_good_have_no_turn(archives, check, practice):
    (practice / "backup/pacsdata_2024-05-01-0230.tar.gz").write_bytes(archives[0].path.read_bytes())
    assert len(checked(check())) == 3
    assert BackupArchive.objects.get(origin="legacy").verified_at is None


# --- what is not there --------------------------------------------------------------------------------------
def test_an_archive_that_has_vanished_is_told(archives, check):
    archives[0].path.unlink()
    run = check()
    assert (run.state, codes(run), len(checked(run))) == ("partial", ["archive-vanished"], 2)
    assert open_alerts() == {("pacsdata", "archive-vanished")}


def test_several_that_have_vanished_are_one_alert(archives, check, run_command):
    run_command("runbackup", "--source", "pacsdata")
    for archive in archives[:2]:
        archive.path.unlink()
    check()
    assert open_alerts() == {("pacsdata", "archive-vanished")}
    assert Alert.objects.get(kind="archive-vanished").items.count() == 2


def test_one_that_is_kept_for_good_stays_in_the_list_as_missing_and_comes_back(archives, check):
    BackupArchive.objects.filter(pk=archives[0].pk).update(is_pinned=True)
    content = archives[0].path.read_bytes()
    archives[0].path.unlink()
    assert check().state == "partial"
    assert BackupArchive.objects.get(pk=archives[0].pk).proof == "failed"
    archives[0].path.write_bytes(content)
    assert check(NIGHT + DAY).state == "done"
    assert (BackupArchive.objects.get(pk=archives[0].pk).proof, open_alerts()) == ("proved", set())


def test_an_archive_that_is_found_again_is_missed_no_more(archives, check):
    content = archives[0].path.read_bytes()
    archives[0].path.unlink()
    check()
    archives[0].path.write_bytes(content)
    sync_catalogue()
    assert open_alerts() == set()


def test_a_file_that_vanishes_during_the_check_is_told(archives, check, monkeypatch):
    take_stock = turn._take_stock

    def take_stock_and_lose_one(context):
        is_doubtful = take_stock(context)
        archives[1].path.unlink()
        return is_doubtful

    monkeypatch.setattr(turn, "_take_stock", take_stock_and_lose_one)
    run = check()
    assert (run.state, codes(run)) == ("partial", ["archive-vanished"])
    assert open_alerts() == {("pacsdata", "archive-vanished")}


def test_throwing_a_damaged_archive_away_ends_its_alert(archives, check, run_command):
    flip(archives[0])
    check()
    archives[0].path.unlink()
    run_command("scanbackups")
    assert open_alerts() == set()


def test_another_disk_is_one_alert_and_nothing_is_forgotten(archives, check):
    for archive in archives:
        archive.path.unlink()
    run = check()
    assert (run.state, codes(run, "warning"), codes(run)) == ("warnings", ["listing-empty"], [])
    assert open_alerts() == {("", "archives-missing"), ("", "run-warnings")}
    assert list(BackupArchive.objects.values_list("proof", flat=True)) == ["none"] * 3
    BackupRun.objects.filter(pk=run.pk).update(requested_at=NIGHT)
    assert tick_at(NIGHT + MINUTE) is None


def test_a_folder_that_is_not_there_is_told_and_not_tried_again_that_night(archives, check, settings, practice):
    settings.OOB_BACKUP_DIR = practice / "elsewhere"
    with pytest.raises(FolderMissingError):
        check()
    assert open_alerts() == {("", "run-failed")}
    BackupRun.objects.filter(action=Action.VERIFY).update(requested_at=NIGHT)
    assert tick_at(NIGHT + MINUTE) is None


def test_verifybackup_marks_and_tells_what_is_damaged_and_notes_what_is_good(archives, run_command):
    flip(archives[0])
    with time_machine.travel(NIGHT):
        assert run_command("verifybackup")[0] == 1
    assert open_alerts() == {("pacsdata", "archive-damaged")}
    assert all(archive.verified_at >= NIGHT for archive in BackupArchive.objects.all())
    assert list(BackupArchive.objects.order_by("taken_at").values_list("proof", flat=True)) == [
        "failed",
        "none",
        "none",
    ]
    report = json.loads(archives[0].path.with_name(archives[0].name + ".proof.json").read_text())
    assert (report["is_good"], report["problems"][0]["code"]) == (False, "damaged-archive")
