"""A hundred failures, ways that fail for days, and a clock that is set back: nobody drowns, and nobody is forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from alerting import NIGHT, fail, subjects
from django.utils import timezone

from backups.models import BackupSchedule
from oobsite.alerts import clear_alert, tell
from oobsite.alerts.delivering import deliver_due
from oobsite.alerts.models import Alert, Delivery
from oobsite.alerts.planning import plan
from oobsite.alerts.secrecy import hide_known
from tests.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def test_a_hundred_failures_are_one_mail_a_day_and_one_all_clear(box, mail_channel, clock):
    for _failure in range(100):
        fail()
        deliver_due()
        clock.shift(30 * MINUTE)  # two days and a bit
    clear_alert("backup")
    deliver_due()
    name = "Backup failed"
    assert subjects(box) == [name, f"Still so: {name}", f"Still so: {name}", f"All right again: {name}"]
    assert Alert.objects.get().count == 100


def test_a_way_that_fails_has_one_try_a_round_and_keeps_nobody_waiting(web, web_channel, box, mail_channel):
    web.answers["/hook"] = 500
    for number in range(10):
        fail(f"{number}")
    assert deliver_due() == 10
    assert (len(box.mails), len(web.asked)) == (10, 1)


def test_who_could_not_be_told_is_told_everything_later(web, web_channel, clock):
    web.answers["/hook"] = 500
    for number in range(10):
        fail(f"{number}")
    deliver_due()
    del web.answers["/hook"]
    deliver_due()
    clock.shift(MINUTE)
    deliver_due()
    assert set(Delivery.objects.values_list("state", flat=True)) == {Delivery.State.SENT}
    assert len(web.asked) == 1 + 10


@pytest.fixture
def two_days_down(box, mail_channel, clock):
    """The mail server takes nothing, while a backup fails every hour."""
    box.answer = "451 later"
    tell("failure", code="run-failed", params={"action": "restore"}, level="error")
    for _hour in range(2 * 24):
        fail()
        deliver_due()
        clock.shift(HOUR)


@pytest.mark.usefixtures("two_days_down")
def test_a_mail_server_that_is_down_for_days_leaves_no_heap():
    lasting = Delivery.objects.filter(alert__is_notice=False, alert__kind="backup")
    assert lasting.count() <= 3
    assert lasting.filter(state__in=Delivery.OPEN_STATES).count() <= 1
    assert Delivery.objects.get(alert__is_notice=True).state == Delivery.State.FAILED


@pytest.mark.usefixtures("two_days_down", "pages")
def test_a_mail_server_that_is_down_for_days_is_said(client):
    client.force_login(make_user(language="en"))
    assert "did not take the mail (answer 451)" in client.get("/alerts/alert/").content.decode()


@pytest.mark.usefixtures("two_days_down")
def test_a_mail_server_that_is_back_brings_what_is_still_so(box, clock):
    box.answer = "250 OK"
    for _hour in range(24):
        clock.shift(HOUR)
        deliver_due()
    assert set(subjects(box)) == {"Still so: Backup failed"}


# --- a clock that is set back -------------------------------------------------------------------------------
def test_a_message_that_waits_for_a_time_that_was_wrong_is_sent(box, mail_channel, clock):
    clock.move_to(NIGHT + 400 * DAY)
    box.answer = "451 later"
    fail()
    deliver_due()
    clock.move_to(NIGHT)
    box.answer = "250 OK"
    assert deliver_due() == 1


def test_a_message_whose_sender_died_at_a_time_that_was_wrong_is_sent(box, mail_channel):
    fail()
    plan(timezone.now())
    Delivery.objects.update(state=Delivery.State.SENDING, tried_at=NIGHT + 400 * DAY)
    assert deliver_due() == 1


def test_what_was_told_at_a_time_that_was_wrong_is_told_again(box, mail_channel, clock):
    clock.move_to(NIGHT + 400 * DAY)
    fail()
    deliver_due()
    clock.move_to(NIGHT)
    for _hour in range(25):
        deliver_due()
        clock.shift(HOUR)
    assert subjects(box)[:2] == ["Backup failed", "Still so: Backup failed"]
    assert len(box.mails) <= 3


# --- secrets ------------------------------------------------------------------------------------------------
def test_an_address_for_signs_of_life_is_in_no_alert(secrets_folder):
    address = "https://praxis:oobMARK-p%C3%A4ss@hc.example/oobMARK-uuid"
    BackupSchedule.objects.create(name="Nightly", heartbeat_url=address)
    shown = hide_known(f"{address} oobMARK-päss oobMARK-p%C3%A4ss")
    assert "oobMARK" not in shown
