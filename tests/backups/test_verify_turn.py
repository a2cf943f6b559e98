"""Older archives are checked in turn: in which order, within which hours, and what becomes of a damaged one."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django_q.models import OrmQ
from realsite import flip_bytes

from backups.domain.errors import FolderMissingError
from backups.domain.lock import is_pinned
from backups.domain.manifest import write_proof
from backups.models import BackupArchive, BackupRun, BackupSchedule
from backups.services import carry_out, create_run, proof, sync_catalogue, turn
from backups.services.runs import Recorder
from backups.services.ticking import tick
from backups.services.turn import TurnRequest
from oobsite.accounts.actors import system_actor
from oobsite.alerts.models import Alert

ZURICH = ZoneInfo("Europe/Zurich")
START = datetime(2026, 11, 20, 12, 0, tzinfo=ZURICH)
NIGHT = datetime(2026, 11, 24, 1, 30, tzinfo=ZURICH)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
Action, State = BackupRun.Action, BackupRun.State


@pytest.fixture
def archives(practice, run_command):
    """Three archives of the images, of three days, the oldest first."""
    for day in range(3):
        (practice / "mnt/pacsdata/file").write_bytes(os.urandom(50_000))
        with time_machine.travel(START + DAY * day, tick=False):
            assert run_command("runbackup", "--source", "pacsdata")[0] == 0
    return list(BackupArchive.objects.order_by("taken_at"))


@pytest.fixture
def check():
    """Carry out a check of everything, or of what ``TurnRequest`` names; returns its run."""

    def check(moment=NIGHT, **values):
        with time_machine.travel(moment):
            request = TurnRequest(**{"before": moment.astimezone(UTC), **values})
            run = create_run(system_actor(), Action.VERIFY, BackupRun.Trigger.SCHEDULE, request.to_json())
            carry_out(run, Recorder(run))
        run.refresh_from_db()
        return run

    return check


def tick_at(moment):
    with time_machine.travel(moment, tick=False):
        return tick(moment.astimezone(UTC)).check


def codes(run, level="error"):
    return [line["code"] for line in run.log if line["level"] == level]


def took(archive, seconds):
    """Let the last proof of an archive have taken so long."""
    write_proof(archive.path, {"is_good": True, "proved_at": archive.taken_at.isoformat(), "seconds": seconds})


def open_alerts():
    return {(alert.key, alert.code) for alert in Alert.objects.filter(cleared_at=None, is_notice=False)}


def checked(run):
    return run.result["tried"]


# --- order and hours ----------------------------------------------------------------------------------------
def test_the_oldest_check_comes_first_and_each_is_noted(archives, check):
    BackupArchive.objects.filter(pk=archives[0].pk).update(verified_at=NIGHT - HOUR)
    run = check()
    assert (run.state, codes(run, "info")[-1]) == ("done", "verify-done")
    assert checked(run) == [archives[index].name for index in (1, 2, 0)]
    assert {archive.proof for archive in BackupArchive.objects.all()} == {"proved"}
    assert all(archive.verified_at >= NIGHT for archive in BackupArchive.objects.all())


def test_a_new_archive_counts_as_checked_when_it_was_read_back(archives):
    assert [archive.verified_at for archive in archives] == [archive.taken_at for archive in archives]


def test_what_would_not_end_in_time_is_not_begun(archives, check):
    took(archives[0], 3600)
    run = check(until=NIGHT + HOUR)
    assert checked(run) == [archive.name for archive in archives[1:]]
    assert (run.state, run.log[-1]["code"], run.log[-1]["params"]["left"]) == ("done", "verify-time-up", 1)


def test_an_archive_that_fits_into_no_night_is_named(archives, check):
    took(archives[0], 5 * 3600)
    run = check(until=NIGHT + HOUR, longest_seconds=4 * 3600)
    assert (run.state, codes(run, "warning")) == ("warnings", ["verify-too-long"])
    assert ("", "run-warnings") in open_alerts()


@pytest.mark.parametrize(
    ("moment", "is_queued"),
    [(NIGHT - HOUR, False), (NIGHT, True), (NIGHT + 3 * HOUR, True), (NIGHT + 4 * HOUR, False)],
)
def test_the_tick_queues_a_check_within_the_hours_only(archives, moment, is_queued):
    run = tick_at(moment)
    assert (run is not None) is is_queued
    assert OrmQ.objects.count() == is_queued


def test_the_hours_can_be_switched_off_and_set(archives, settings):
    settings.OOB_VERIFY_WINDOW = None
    assert tick_at(NIGHT) is None
    settings.OOB_VERIFY_WINDOW = (time(12), time(13))
    assert [tick_at(NIGHT), tick_at(NIGHT + 11 * HOUR) is None] == [None, False]


@pytest.mark.parametrize(("day", "wall"), [((2026, 3, 29), (1, 59)), ((2026, 10, 25), (2, 30))])
def test_a_night_in_which_the_clock_changes_ends_at_the_set_hour(archives, day, wall):
    BackupArchive.objects.update(verified_at=datetime(2025, 1, 1, tzinfo=UTC))
    run = tick_at(datetime(*day, *wall, tzinfo=ZURICH, fold=1))
    assert datetime.fromisoformat(run.request["until"]) == datetime(*day, 5, tzinfo=ZURICH)


def test_each_archive_has_one_turn_a_night(archives):
    def carry_out_at(moment):
        run = tick_at(moment)
        with time_machine.travel(moment):
            carry_out(run, Recorder(run))
        return run

    assert len(checked(carry_out_at(NIGHT))) == 3
    assert [tick_at(NIGHT + n * MINUTE) for n in (1, 60, 200)] == [None] * 3
    assert len(checked(carry_out_at(NIGHT + DAY))) == 3


def test_what_hinders_a_check_is_not_tried_every_minute(archives, check, monkeypatch):
    def no_room(listed, _context):
        raise proof.NoSpaceError(listed.name, 1)

    monkeypatch.setattr(proof, "prove", no_room)
    run = check()
    assert (run.state, codes(run, "warning")) == ("warnings", ["no-space"] * 3)
    BackupRun.objects.filter(pk=run.pk).update(requested_at=NIGHT)
    assert tick_at(NIGHT + MINUTE) is None


def test_no_check_follows_in_the_same_night_on_one_that_was_cancelled(archives):
    run = tick_at(NIGHT)
    BackupRun.objects.filter(pk=run.pk).update(state=State.INTERRUPTED, requested_at=NIGHT)
    assert tick_at(NIGHT + MINUTE) is None
    assert tick_at(NIGHT + DAY) is not None


# --- it gives way -------------------------------------------------------------------------------------------
def test_nothing_is_queued_while_a_backup_waits_or_is_about_to_be_due(archives):
    schedule = BackupSchedule.objects.create(name="Nightly", hour="1", minute="31", checked_until=NIGHT)
    BackupArchive.objects.update(proof_report={"seconds": 120})
    assert tick_at(NIGHT) is None
    schedule.delete()
    run = BackupRun.objects.create(action=Action.BACKUP, trigger=BackupRun.Trigger.COMMAND)
    BackupRun.objects.filter(pk=run.pk).update(requested_at=NIGHT)
    assert tick_at(NIGHT) is None
    run.delete()
    assert tick_at(NIGHT) is not None


def test_nothing_is_begun_that_would_not_end_before_the_next_backup(archives):
    BackupSchedule.objects.create(name="Nightly", hour="3", minute="15", checked_until=NIGHT)
    run = tick_at(NIGHT)
    assert datetime.fromisoformat(run.request["until"]) == NIGHT.replace(hour=3, minute=15)


def test_it_ends_in_the_middle_of_an_archive_when_a_job_waits_and_goes_on_behind_it(archives, check, monkeypatch):
    monkeypatch.setattr(turn, "_POLL_SECONDS", 0.0)
    read = proof.read_tar_gz

    def read_while_a_backup_comes(path, job, **values):
        if path.name == archives[1].name:
            BackupRun.objects.create(action=Action.BACKUP, trigger=BackupRun.Trigger.SCREEN)
        return read(path, job, **values)

    monkeypatch.setattr(proof, "read_tar_gz", read_while_a_backup_comes)
    run = check()
    assert (run.state, run.log[-1]["code"], checked(run)) == ("done", "verify-yielded", [archives[0].name])
    BackupRun.objects.filter(action=Action.BACKUP).update(state=State.DONE)
    BackupRun.objects.filter(pk=run.pk).update(requested_at=NIGHT)
    assert tick_at(NIGHT + MINUTE) is not None


def test_a_check_does_not_give_way_to_another_one(archives, check):
    other = create_run(system_actor(), Action.VERIFY, BackupRun.Trigger.SCHEDULE, {})
    assert not turn.others_wait(BackupRun(pk=0))
    assert len(checked(check())) == 3
    other.delete()


def test_the_archive_cannot_be_deleted_while_it_is_read(archives, check, monkeypatch):
    pins = []
    read = proof.read_tar_gz

    def read_and_look(path, job, **values):
        pins.append(is_pinned(path))
        return read(path, job, **values)

    monkeypatch.setattr(proof, "read_tar_gz", read_and_look)
    check()
    assert pins == [True] * 3
    assert not any(is_pinned(archive.path) for archive in archives)


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
    assert open_alerts() == {(archives[0].name, "archive-damaged")}


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


def test_archives_of_the_predecessor_that_nobody_found_good_have_no_turn(archives, check, practice):
    (practice / "backup/pacsdata_2024-05-01-0230.tar.gz").write_bytes(archives[0].path.read_bytes())
    assert len(checked(check())) == 3
    assert BackupArchive.objects.get(origin="legacy").verified_at is None


# --- what is not there --------------------------------------------------------------------------------------
def test_an_archive_that_has_vanished_is_told(archives, check):
    archives[0].path.unlink()
    run = check()
    assert (run.state, codes(run), len(checked(run))) == ("partial", ["archive-vanished"], 2)
    assert open_alerts() == {(archives[0].name, "archive-vanished")}


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
    assert open_alerts() == {(archives[1].name, "archive-vanished")}


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


# --- commands -----------------------------------------------------------------------------------------------
def test_by_hand_everything_is_checked(archives, run_command):
    code, answer = run_command("verifyinturn")
    assert (code, [item["name"] for item in answer["checked"]]) == (0, [archive.name for archive in archives])


def test_by_hand_too_an_end_can_be_set(archives, run_command):
    for archive in archives:
        took(archive, 30 * 3600)
    code, answer = run_command("verifyinturn", "--until", "05:00")
    assert (code, answer["checked"], answer["log"][-1]["code"]) == (0, [], "verify-time-up")


@pytest.mark.parametrize("wrong", ["25:00", "soon", "05:00+02:00"])
def test_an_end_that_is_no_time_is_a_wrong_call(archives, run_command, wrong):
    code, answer = run_command("verifyinturn", "--until", wrong)
    assert (code, "--until" in answer["text"]) == (2, True)


def test_verifybackup_marks_and_tells_what_is_damaged_and_notes_what_is_good(archives, run_command):
    flip(archives[0])
    with time_machine.travel(NIGHT):
        assert run_command("verifybackup")[0] == 1
    assert open_alerts() == {(archives[0].name, "archive-damaged")}
    assert all(archive.verified_at >= NIGHT for archive in BackupArchive.objects.all())
    assert list(BackupArchive.objects.order_by("taken_at").values_list("proof", flat=True)) == [
        "failed",
        "none",
        "none",
    ]
    report = json.loads(archives[0].path.with_name(archives[0].name + ".proof.json").read_text())
    assert (report["is_good"], report["problems"][0]["code"]) == (False, "damaged-archive")
