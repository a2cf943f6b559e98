"""A schedule or its source is changed, renamed or deleted while something of it waits, works or has gone wrong."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine
from test_schedules_ticks import DAY, HOUR, MINUTE, NIGHT, end, make_schedule, states, tick_at

from backups.domain.errors import ArchiveMissingError
from backups.models import BackupArchive, BackupRun, BackupSchedule, Source
from backups.services import carry_out, catalogue, retention, scheduling
from backups.services.runs import Recorder
from oobsite.accounts.actors import system_actor
from oobsite.alerts.models import Alert
from tests.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("installation")]
EVENING = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)


def schedule_of(**fields) -> BackupSchedule:
    """A schedule of the documents alone."""
    schedule = make_schedule(is_proved=False, **fields)
    schedule.sources.set(Source.objects.filter(name="pacsdata"))
    return schedule


# --- the schedule -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("change", [BackupSchedule.delete, lambda it: BackupSchedule.objects.update(is_active=False)])
def test_of_a_schedule_that_is_no_more_nothing_is_missed(change):
    schedule = make_schedule()
    tick_at(NIGHT + 3 * DAY - HOUR)
    assert Alert.objects.get(kind="missed").is_open
    change(schedule)
    tick_at(NIGHT + 3 * DAY)
    assert not Alert.objects.get(kind="missed").is_open


def test_a_schedule_that_cannot_be_read_and_is_deleted_ends_its_alert(caplog):
    schedule = make_schedule(day="77")
    tick_at(NIGHT)
    schedule.delete()
    tick_at(NIGHT + MINUTE)
    assert not Alert.objects.get(kind="schedule").is_open


def test_with_new_times_no_date_is_left_out_any_more():
    schedule = make_schedule()
    with time_machine.travel(EVENING, tick=False):
        scheduling.skip_next(system_actor(), schedule)
        schedule.hour = "4"
        schedule.save()
    schedule.refresh_from_db()
    assert schedule.skip_slot is None
    assert len(tick_at(NIGHT + HOUR).queued) == 1


@pytest.mark.parametrize("change", [BackupSchedule.delete, lambda it: BackupSchedule.objects.update(name="Other")])
def test_a_run_whose_schedule_is_deleted_or_renamed_meanwhile_ends_well(practice, change):
    schedule = schedule_of()
    run = BackupRun.objects.get(pk=scheduling.queue_backup(schedule).pk)
    change(schedule)
    carry_out(run, Recorder(run))
    assert BackupRun.objects.get().state == "done"


def test_a_date_whose_schedule_is_deleted_while_its_run_works():
    schedule = make_schedule()
    (run,) = tick_at(NIGHT).queued
    schedule.delete()
    end(run)
    assert tick_at(NIGHT + MINUTE).queued == []
    run.refresh_from_db()
    assert run.schedule is None


def test_a_schedule_that_is_edited_while_its_run_waits_keeps_what_either_wants(practice):
    schedule = schedule_of(keep_generations=10)
    run = scheduling.queue_backup(schedule)
    BackupSchedule.objects.update(keep_generations=1)
    assert {policy.last for policy in retention.policies_for(scheduling.request_of(schedule))} == {1, 10}
    assert run.request["keep"] == 10


# --- time ---------------------------------------------------------------------------------------------------
def test_a_worker_that_was_off_for_a_week_makes_one_backup():
    schedule = make_schedule()
    (run,) = tick_at(NIGHT + 7 * DAY + HOUR).queued
    end(run)
    assert tick_at(NIGHT + 7 * DAY + 2 * HOUR).queued == []
    assert [state for _slot, state in states(schedule)] == ["missed"] * 7 + ["done"]
    assert Alert.objects.get().cleared_at is not None


@pytest.mark.parametrize(("late", "count"), [(4 * MINUTE, 1), (6 * MINUTE, 0)])
def test_without_making_up_only_what_is_on_time_is_done(late, count):
    schedule = make_schedule(catch_up_hours=0)
    assert len(tick_at(NIGHT + late).queued) == count
    assert states(schedule) == [(NIGHT, "queued" if count else "missed")]


def test_two_schedules_of_the_same_minute_and_source_make_two_archives(practice):
    schedule_of()
    schedule_of(name="Another")
    for run in tick_at(NIGHT).queued:
        with time_machine.travel(NIGHT, tick=False):
            carry_out(run, Recorder(run))
    names = sorted(path.name for path in (practice / "backup").glob("*.tar.gz"))
    assert names == ["pacsdata_2026-11-25-0315-2.tar.gz", "pacsdata_2026-11-25-0315.tar.gz"]


def test_another_time_zone_counts_from_the_next_date(settings):
    schedule = make_schedule()
    (run,) = tick_at(NIGHT).queued
    end(run)
    settings.TIME_ZONE = "America/New_York"
    assert tick_at(NIGHT + 5 * HOUR).queued == []
    assert len(tick_at(NIGHT + 6 * HOUR).queued) == 1  # 03:15 over there
    assert len(states(schedule)) == 2


# --- sources ------------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("pages")
def test_the_only_source_of_a_schedule_is_not_deleted(client):
    """Without any the schedule would save everything."""
    schedule_of()
    client.force_login(make_user(language="en"))
    source = Source.objects.get(name="pacsdata")
    answer = client.post(f"/backups/source/{source.pk}/delete/", {"post": "yes"})
    assert "Nightly" in answer.content.decode()
    assert Source.objects.filter(pk=source.pk).exists()
    BackupSchedule.objects.get().sources.add(Source.objects.get(name="elexisdb"))
    client.post(f"/backups/source/{source.pk}/delete/", {"post": "yes"})
    assert not Source.objects.filter(pk=source.pk).exists()


# --- archives -----------------------------------------------------------------------------------------------
@pytest.fixture
def nights(practice, run_command):
    """Ten archives, of 10 to 19 November."""
    for day in range(10, 20):
        with time_machine.travel(datetime(2026, 11, day, 2, 15, tzinfo=UTC), tick=False):
            run_command("runbackup", "--source", "pacsdata")
    return [f"pacsdata_2026-11-{day}-0315.tar.gz" for day in range(10, 20)]


def save_now(practice, moment) -> list[str]:
    with time_machine.travel(moment, tick=False):
        run = scheduling.queue_backup(BackupSchedule.objects.get())
        carry_out(run, Recorder(run))
    return sorted(path.name for path in (practice / "backup").glob("*.tar.gz"))


def test_from_ten_generations_to_one_what_is_kept_for_good_stays(practice, nights):
    schedule_of(keep_generations=1)
    BackupArchive.objects.filter(name__in=nights[2:4]).update(is_pinned=True)
    left = save_now(practice, datetime(2026, 11, 20, 2, 15, tzinfo=UTC))
    assert left == [*nights[2:4], "pacsdata_2026-11-20-0315.tar.gz"]


def test_an_archive_that_vanishes_while_it_is_counted_deletes_nothing(practice, nights, monkeypatch):
    schedule_of(keep_generations=1)
    listed = catalogue.list_folder
    monkeypatch.setattr(catalogue, "list_folder", lambda: [item for item in listed() if "-20-" not in item.name])
    assert set(nights) < set(save_now(practice, datetime(2026, 11, 20, 2, 15, tzinfo=UTC)))
    run = BackupRun.objects.latest()
    assert (run.state, run.log[-1]["code"]) == ("failed", ArchiveMissingError("x").code)
