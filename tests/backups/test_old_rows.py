"""Rows that nobody needs any more go after a year and a month, and nothing that somebody still waits for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from backups.models import BackupSchedule, ScheduleSlot
from backups.services.aging import remove_old_rows
from backups.services.kept import housekeep
from oobsite.alerts import clear_alert, raise_alert
from oobsite.alerts.models import Alert, AlertChannel, Delivery
from oobsite.alerts.planning import plan

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("installation")]
NOW = timezone.now()
DAY = timedelta(days=1)
YOUNG, OLD = 399, 401


@pytest.fixture
def channel():
    return AlertChannel.objects.create(name="Praxis", addresses="praxis@example.ch")


def make_slots(schedule: BackupSchedule, *ages: int, state="done") -> None:
    for age in ages:
        ScheduleSlot.objects.create(schedule=schedule, slot=NOW - age * DAY, state=state)


def ages_of(schedule: BackupSchedule) -> list[int]:
    return [round((NOW - slot.slot) / DAY) for slot in schedule.slots.all()]


def make_alert(key: str, *, age: int, is_over: bool) -> Alert:
    raise_alert("backup", key, code="run-failed")
    if is_over:
        clear_alert("backup", key)
        Alert.objects.filter(key=key).update(cleared_at=NOW - age * DAY)
    Alert.objects.filter(key=key).update(first_at=NOW - age * DAY)
    return Alert.objects.get(key=key)


def make_deliveries(alert: Alert, channel: AlertChannel, *ages: int, state="sent") -> None:
    for turn, age in enumerate(ages, 1):
        at = NOW - age * DAY
        Delivery.objects.create(
            alert=alert, channel=channel, turn=turn, occasion="reminder", state=state, created_at=at, due_at=at
        )


def turns_of(alert: Alert) -> list[int]:
    return list(alert.deliveries.order_by("turn").values_list("turn", flat=True))


def test_old_dates_of_schedules_go():
    schedule = BackupSchedule.objects.create(name="Nightly")
    make_slots(schedule, 0, YOUNG, OLD, 900)
    make_slots(schedule, 500, state="missed")
    remove_old_rows(NOW)
    assert ages_of(schedule) == [0, YOUNG]


def test_the_newest_date_of_each_schedule_stays_however_old():
    paused, running = (BackupSchedule.objects.create(name=name) for name in ("Paused", "Nightly"))
    make_slots(paused, 700, 701)
    make_slots(running, 1, OLD)
    remove_old_rows(NOW)
    assert (ages_of(paused), ages_of(running)) == ([700], [1])


def test_a_date_whose_run_has_not_ended_stays():
    schedule = BackupSchedule.objects.create(name="Nightly")
    make_slots(schedule, 1)
    make_slots(schedule, OLD, state="queued")
    remove_old_rows(NOW)
    assert ages_of(schedule) == [1, OLD]


def test_alerts_go_that_were_over_by_then_with_their_messages(channel):
    make_deliveries(make_alert("old", age=OLD, is_over=True), channel, OLD)
    young = make_alert("young", age=YOUNG, is_over=True)
    lasting = make_alert("lasting", age=900, is_over=False)
    remove_old_rows(NOW)
    assert set(Alert.objects.all()) == {young, lasting}
    assert not Delivery.objects.filter(alert__key="old").exists()


def test_an_alert_that_lasts_loses_its_old_messages_but_the_newest(channel):
    other = AlertChannel.objects.create(name="IT", addresses="it@example.ch")
    alert = make_alert("lasting", age=900, is_over=False)
    make_deliveries(alert, channel, 900, OLD, 1)
    make_deliveries(alert, other, 800, 700)
    remove_old_rows(NOW)
    left = alert.deliveries.order_by("turn").values_list("channel", "turn")
    assert list(left) == [(other.pk, 2), (channel.pk, 3)]


def test_a_message_that_still_waits_stays(channel):
    alert = make_alert("lasting", age=900, is_over=False)
    make_deliveries(alert, channel, 900, 1, state="waiting")
    remove_old_rows(NOW)
    assert turns_of(alert) == [1, 2]


def test_it_is_told_again_also_when_old_messages_are_gone(channel):
    alert = make_alert("lasting", age=900, is_over=False)
    make_deliveries(alert, channel, 900, OLD, 2)
    remove_old_rows(NOW)
    plan(NOW)
    assert turns_of(alert) == [3, 4]


def test_it_is_done_with_the_rest_that_follows_each_run():
    schedule = BackupSchedule.objects.create(name="Nightly")
    make_slots(schedule, 0, OLD)
    housekeep()
    assert ages_of(schedule) == [0]
