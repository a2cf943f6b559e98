"""Older archives are checked in turn: in which order, within which hours, and behind every other job."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest
import time_machine
from django_q.models import OrmQ
from verifying import *  # noqa: F403 - fixtures
from verifying import DAY, HOUR, MINUTE, NIGHT, ZURICH, Action, State, checked, codes, open_alerts, tick_at, took

from backups.domain.lock import is_pinned
from backups.models import BackupArchive, BackupRun, BackupSchedule
from backups.services import carry_out, create_run, proof, turn
from backups.services.runs import Recorder
from oobsite.accounts.actors import system_actor


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


@pytest.mark.parametrize(("crons", "hours"), [((), 4), (("3",), 2), (("2", "4"), 2), (("3", "4"), 2)])
def test_how_long_a_check_may_take_is_the_longest_room_between_two_backups(archives, crons, hours):
    """From 01:00 to 05:00; the backups are made on the hour."""
    for hour in crons:
        BackupSchedule.objects.create(name=hour, minute="0", hour=hour, checked_until=NIGHT)
    assert tick_at(NIGHT).request["longest_seconds"] == hours * 3600


def test_a_backup_that_is_not_made_every_night_leaves_room_in_the_others(archives):
    BackupSchedule.objects.create(name="weekly", minute="0", hour="3", weekday="2", checked_until=NIGHT)
    assert tick_at(NIGHT).request["longest_seconds"] == 4 * 3600


def test_what_never_fits_between_two_backups_is_named(archives):
    BackupSchedule.objects.create(name="Nightly", minute="15", hour="3", checked_until=NIGHT)
    for archive in archives:
        took(archive, 3 * 3600)
    run = tick_at(NIGHT)
    with time_machine.travel(NIGHT):
        carry_out(run, Recorder(run))
    assert set(codes(run, "warning")) == {"verify-too-long"}


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
