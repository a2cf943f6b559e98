"""The tick: each date is done once, made up for, left out or reported, whatever happens to clock and worker."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django_q.models import OrmQ

from backups.domain.cron import slots_between
from backups.models import BackupRun, BackupSchedule, Heartbeat, ScheduleSlot, Source
from backups.services import request_cancel, scheduling
from backups.services.ticking import tick
from oobsite.accounts.actors import system_actor
from oobsite.alerts.models import Alert

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("installation")]
START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 25, 2, 15, tzinfo=UTC)  # 03:15 in Zurich
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def make_schedule(**fields) -> BackupSchedule:
    """Every night at 03:15, since noon of 24 November."""
    return BackupSchedule.objects.create(**{"name": "Nightly", "checked_until": START, **fields})


def tick_at(moment: datetime):
    with time_machine.travel(moment, tick=False):
        return tick(moment)


def end(run: BackupRun, state=BackupRun.State.DONE) -> None:
    BackupRun.objects.filter(pk=run.pk).update(state=state)


def states(schedule) -> list[tuple[datetime, str]]:
    return list(schedule.slots.order_by("slot").values_list("slot", "state"))


def test_a_date_is_queued_when_it_comes_and_only_once():
    schedule = make_schedule()
    assert tick_at(NIGHT - MINUTE).queued == []
    (run,) = tick_at(NIGHT).queued
    assert [tick_at(NIGHT + MINUTE * n).queued for n in range(5)] == [[]] * 5
    assert (run.trigger, run.schedule, run.request["keep"], run.request["is_proved"]) == (
        "schedule",
        schedule,
        10,
        True,
    )
    assert [(row.key, row.args()) for row in OrmQ.objects.all()] == [("heavy", (run.pk,))]
    assert Heartbeat.objects.get(name="tick").at == NIGHT + MINUTE * 4


def test_a_run_that_has_ended_settles_its_date():
    schedule = make_schedule()
    (run,) = tick_at(NIGHT).queued
    end(run)
    tick_at(NIGHT + MINUTE)
    assert states(schedule) == [(NIGHT, "done")]


def test_after_an_outage_the_newest_is_made_up_for_and_the_rest_reported():
    schedule = make_schedule()
    assert len(tick_at(NIGHT + 2 * DAY + 5 * HOUR).queued) == 1
    assert [state for _slot, state in states(schedule)] == ["missed", "missed", "queued"]
    alert = Alert.objects.get()
    assert (alert.event, alert.code, alert.params["count"]) == ("missed", "runs-missed", 2)


def test_what_is_too_late_is_reported_alone():
    schedule = make_schedule(catch_up_hours=4)
    assert tick_at(NIGHT + 5 * HOUR).queued == []
    assert states(schedule) == [(NIGHT, "missed")]
    assert Alert.objects.get().code == "run-missed"


def test_a_run_that_still_works_lets_one_wait_and_no_more():
    make_schedule(hour="*", minute="0")
    (first,) = tick_at(START + HOUR).queued
    end(first, BackupRun.State.RUNNING)
    queued = []
    for moment in [START + n * HOUR for n in range(2, 6)]:
        BackupRun.objects.filter(pk=first.pk).update(heartbeat_at=moment)
        queued.append(len(tick_at(moment).queued))
    assert queued == [1, 0, 0, 0]
    assert list(ScheduleSlot.objects.order_by("slot").values_list("state", flat=True)) == [
        "queued", "queued", "skipped", "skipped", "skipped",
    ]  # fmt: skip


def test_two_schedules_wait_side_by_side():
    for name in ("Nightly", "Second"):
        make_schedule(name=name)
    assert len(tick_at(NIGHT).queued) == 2


def test_the_next_date_can_be_left_out():
    schedule = make_schedule()
    with time_machine.travel(START):
        assert scheduling.skip_next(system_actor(), schedule) == NIGHT
        assert next(scheduling.coming_slots(schedule, START)) == NIGHT + DAY
    assert tick_at(NIGHT).queued == []
    assert len(tick_at(NIGHT + DAY).queued) == 1
    assert [state for _slot, state in states(schedule)] == ["skipped", "queued"]


def test_leaving_out_can_be_taken_back():
    schedule = make_schedule()
    with time_machine.travel(START):
        scheduling.skip_next(system_actor(), schedule)
        assert scheduling.skip_next(system_actor(), schedule) is None
    assert len(tick_at(NIGHT).queued) == 1


def test_a_schedule_that_cannot_be_read_has_no_date_to_leave_out():
    schedule = make_schedule(minute="61")
    assert scheduling.skip_next(system_actor(), schedule) is None


def test_a_pause_ends_in_the_morning_of_its_day():
    schedule = make_schedule(paused_until=date(2026, 11, 26))
    assert tick_at(NIGHT).queued == []
    assert len(tick_at(NIGHT + DAY).queued) == 1
    assert [state for _slot, state in states(schedule)] == ["skipped", "queued"]
    assert not Alert.objects.exists()


def test_a_pause_to_the_end_of_the_calendar_costs_no_time():
    schedule = make_schedule(minute="*", hour="*", paused_until=date(9999, 12, 30))
    first = datetime(9999, 12, 29, 23, 0, tzinfo=UTC)  # midnight in Zurich
    assert scheduling.next_slot(START) == (first, schedule)


def test_a_backup_that_cannot_be_ordered_is_told_and_tried_again():
    make_schedule()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE django_q_ormq RENAME TO away")
        assert tick_at(NIGHT).queued == []
        cursor.execute("ALTER TABLE away RENAME TO django_q_ormq")
    assert Alert.objects.get().code == "schedule-stuck"
    assert len(tick_at(NIGHT + MINUTE).queued) == 1
    assert not Alert.objects.filter(cleared_at=None).exists()


def test_a_date_that_cannot_be_settled_does_not_stop_the_others():
    make_schedule()
    (run,) = tick_at(NIGHT).queued
    end(run, BackupRun.State.INTERRUPTED)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE django_q_ormq RENAME TO away")
        assert tick_at(NIGHT + MINUTE).queued == []
        cursor.execute("ALTER TABLE away RENAME TO django_q_ormq")
    assert len(tick_at(NIGHT + 2 * MINUTE).queued) == 1


def test_what_is_switched_on_again_counts_from_then():
    schedule = make_schedule(is_active=False)
    assert tick_at(NIGHT).queued == []
    with time_machine.travel(NIGHT + HOUR):
        schedule.is_active = True
        schedule.save()
    assert tick_at(NIGHT + 2 * HOUR).queued == []
    assert states(schedule) == []


def test_new_times_count_from_now():
    schedule = make_schedule()
    with time_machine.travel(START + HOUR):
        schedule.hour = "5"
        schedule.save()
    assert schedule.checked_until == START + HOUR


def test_a_clock_that_was_ahead_does_not_silence_a_schedule():
    make_schedule(checked_until=START + 400 * DAY)
    tick_at(START)
    assert len(tick_at(NIGHT).queued) == 1


def test_a_run_that_found_the_lock_taken_comes_again():
    schedule = make_schedule()
    (run,) = tick_at(NIGHT).queued
    end(run, BackupRun.State.BUSY)
    (again,) = tick_at(NIGHT + MINUTE).queued
    assert schedule.slots.get().run == again


def test_an_interrupted_run_begins_anew_once():
    schedule = make_schedule()
    (run,) = tick_at(NIGHT).queued
    end(run, BackupRun.State.INTERRUPTED)
    (again,) = tick_at(NIGHT + MINUTE).queued
    end(again, BackupRun.State.INTERRUPTED)
    assert tick_at(NIGHT + 2 * MINUTE).queued == []
    assert states(schedule) == [(NIGHT, "done")]


def test_an_interrupted_run_does_not_begin_anew_against_the_will_of_its_schedule():
    make_schedule(reruns_after_interruption=False)
    (run,) = tick_at(NIGHT).queued
    end(run, BackupRun.State.INTERRUPTED)
    assert tick_at(NIGHT + MINUTE).queued == []


def test_an_interrupted_run_of_a_schedule_that_was_switched_off_does_not_begin_anew():
    schedule = make_schedule()
    (run,) = tick_at(NIGHT).queued
    end(run, BackupRun.State.INTERRUPTED)
    schedule.is_active = False
    schedule.save()
    assert tick_at(NIGHT + MINUTE).queued == []


def test_a_cancelled_run_stays_cancelled():
    make_schedule()
    (run,) = tick_at(NIGHT).queued
    request_cancel(system_actor(), run)
    assert tick_at(NIGHT + MINUTE).queued == []


def test_a_schedule_that_cannot_be_read_does_not_stop_the_others(caplog):
    make_schedule(name="A broken one", day="77")
    make_schedule()
    assert len(tick_at(NIGHT).queued) == 1
    assert Alert.objects.get().code == "schedule-unreadable"


@pytest.mark.parametrize(
    ("hour", "day", "due"),
    [
        ("2", date(2027, 3, 28), datetime(2027, 3, 28, 1, 0, tzinfo=UTC)),  # 02:30 is skipped: 03:00
        ("2", date(2026, 10, 25), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # comes twice: the first
    ],
)
def test_the_nights_when_the_clock_is_changed(hour, day, due):
    midnight = datetime.combine(day, datetime.min.time(), ZoneInfo("Europe/Zurich")).astimezone(UTC)
    schedule = make_schedule(minute="30", hour=hour, checked_until=midnight)
    for minute in range(0, 26 * 60, 5):
        for run in tick_at(midnight + minute * MINUTE).queued:
            end(run)
    assert states(schedule)[0][0] == due
    assert len([slot for slot, _state in states(schedule) if slot < midnight + 20 * HOUR]) == 1


def test_a_year_with_outages_and_two_workers(settings):
    """Every date is done once or reported, none twice and none forgotten."""
    chance = random.Random(20261124)
    schedule = make_schedule(hour="3,15", checked_until=datetime(2026, 1, 1, tzinfo=UTC))
    now, stop, reports = schedule.checked_until, datetime(2027, 1, 1, tzinfo=UTC), []
    while now < stop:
        now = min(now + timedelta(minutes=chance.choice([1, 1, 30, 60, 60, 60, 400, 4000])), stop)
        ticks = [tick_at(now) for _worker in range(chance.choice([1, 2]))]
        reports += [done.missed for done in ticks if done.missed]
        for run in [run for done in ticks for run in done.queued]:
            end(run)
    tick_at(stop + MINUTE)
    found = states(schedule)
    assert [slot for slot, _state in found] == slots_between(
        schedule.cron, datetime(2026, 1, 1, tzinfo=UTC), stop, ZoneInfo(settings.TIME_ZONE)
    )
    assert {state for _slot, state in found} == {"done", "missed"}
    assert BackupRun.objects.count() == len([state for _slot, state in found if state == "done"])
    assert sum(reports) == len([state for _slot, state in found if state == "missed"])
    assert sum(Alert.objects.values_list("count", flat=True)) == len(reports) > 50


def test_a_run_saves_what_its_schedule_names():
    schedule = make_schedule(with_sql_dump=True, is_proved=False, keep_generations=3, keep_monthly=12)
    schedule.sources.set(Source.objects.filter(name="pacsdata"))
    request = tick_at(NIGHT).queued[0].request
    assert (request["sources"], request["with_dump"], request["is_proved"]) == (["pacsdata"], True, False)
    assert (request["keep"], request["periods"]) == (3, {"monthly": 12})


def test_a_source_that_is_switched_off_does_not_keep_the_others_from_being_saved():
    schedule = make_schedule()
    schedule.sources.set(Source.objects.filter(name__in=["pacsdata", "elexisdb"]))
    Source.objects.filter(name="elexisdb").update(is_active=False)
    assert scheduling.request_of(schedule).sources == ("pacsdata",)
    Source.objects.update(is_active=False)  # an empty request would save everything
    assert set(scheduling.request_of(schedule).sources) == {"pacsdata", "elexisdb"}


def test_a_schedule_that_can_be_read_again_ends_its_alert():
    schedule = make_schedule(day="77")
    tick_at(NIGHT)
    BackupSchedule.objects.filter(pk=schedule.pk).update(day="*")
    tick_at(NIGHT + MINUTE)
    assert Alert.objects.get().cleared_at is not None
