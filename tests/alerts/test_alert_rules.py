"""Who is told what, and when: once, again every day, and that it is over; with real receivers on loopback."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from alerting import fail, subjects
from django.db import transaction
from django_q.models import OrmQ
from messaging import PASSWORD

from oobsite.alerts import clear_alert, raise_alert, tell
from oobsite.alerts.delivering import deliver_due
from oobsite.alerts.models import Alert, AlertChannel, Delivery

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def test_one_mail_however_often_it_happens(box, mail_channel):
    for _night in range(3):
        fail()
        deliver_due()
    assert subjects(box) == ["Backup failed"]
    assert Alert.objects.get().count == 3


def test_it_is_told_again_every_day_while_it_lasts(box, mail_channel, clock):
    fail()
    for _hour in range(49):
        deliver_due()
        clock.shift(timedelta(hours=1))
    assert subjects(box) == ["Backup failed", "Still so: Backup failed", "Still so: Backup failed"]


def test_the_all_clear_comes_once(box, mail_channel, clock):
    fail()
    deliver_due()
    clear_alert("backup")
    for _day in range(3):
        deliver_due()
        clock.shift(timedelta(days=1))
    assert subjects(box) == ["Backup failed", "All right again: Backup failed"]


def test_after_the_all_clear_the_same_is_a_new_alert(box, mail_channel):
    for _time in range(2):
        fail()
        deliver_due()
        clear_alert("backup")
        deliver_due()
    assert len(box.mails) == 4
    assert Alert.objects.count() == 2


def test_who_was_not_told_gets_no_all_clear(box, mail_channel):
    fail()
    clear_alert("backup")
    deliver_due()
    assert box.mails == []


def test_clearing_what_is_not_there_does_nothing(box, mail_channel):
    clear_alert("backup", "nothing")
    assert deliver_due() == 0


def test_two_keys_are_two_alerts(box, mail_channel):
    fail("a")
    fail("b")
    deliver_due()
    clear_alert("backup", "a")
    deliver_due()
    assert len(subjects(box)) == 3
    assert Alert.objects.get(cleared_at=None).key == "b"


@pytest.mark.parametrize(
    ("event", "level", "count"),
    [("", "error", 1), ("", "warning", 0), ("missed", "error", 0), ("missed", "warning", 0)],
)
def test_a_channel_hears_what_it_has_chosen(event, level, count, box, mail_channel):
    AlertChannel.objects.update(on_warning=False, on_missed=False)
    fail(level=level, event=event)
    deliver_due()
    assert len(box.mails) == count


def test_a_channel_that_is_added_later_hears_what_lasts(box, mail_channel, web, clock):
    fail()
    deliver_due()
    AlertChannel.objects.create(name="Hook", kind="apprise", url=f"json://127.0.0.1:{web.port}/hook")
    deliver_due()
    assert [json.loads(body)["title"] for _path, body in web.asked] == ["Praxis am See: Backup failed"]
    assert len(box.mails) == 1


def test_a_channel_that_is_switched_off_hears_nothing(box, mail_channel):
    AlertChannel.objects.update(is_active=False)
    fail()
    assert deliver_due() == 0
    assert OrmQ.objects.count() == 0


def test_a_success_is_told_to_who_wants_it(box, mail_channel):
    tell("success", code="run-succeeded", params={"action": "backup"})
    AlertChannel.objects.update(on_success=True)
    tell("success", code="run-succeeded", params={"action": "backup"})
    for _time in range(2):
        deliver_due()
    assert subjects(box) == ["Backup done"]


def test_a_notice_with_a_name_is_told_once(box, mail_channel):
    for _time in range(2):
        tell("failure", code="run-failed", level="error", once="restore-1")
        deliver_due()
    assert len(box.mails) == 1


# --- the caller ---------------------------------------------------------------------------------------------
def test_delivery_is_ordered_after_the_transaction(mail_channel, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        fail()
    assert len(callbacks) == 1
    assert OrmQ.objects.get().func() == "oobsite.alerts.jobs.deliver"


def test_nothing_is_queued_when_nobody_is_told(secrets_folder, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        fail()
    assert callbacks == []


def test_an_alert_of_a_transaction_that_failed_was_none(mail_channel):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        fail()
        raise ZeroDivisionError
    assert Alert.objects.count() == 0


@pytest.mark.parametrize("values", [{"level": "nonsense"}, {"code": None}, {"params": 7}, {"source": "x" * 900_000}])
def test_a_wrong_alert_does_not_break_the_caller(values, mail_channel):
    with transaction.atomic():
        raise_alert("a", "b", **{"code": "run-failed", **values})
        AlertChannel.objects.update(name="still works")
    clear_alert("a", "b")
    assert AlertChannel.objects.get().name == "still works"


def test_long_names_are_cut(mail_channel):
    raise_alert("k", "x" * 5000, code="run-failed", params={"archive": "y" * 5000})
    raise_alert("k", "x" * 5000, code="run-failed")
    alert = Alert.objects.get()
    assert (len(alert.key), alert.count) == (120, 2)


def test_an_unknown_code_is_told_all_the_same(box, mail_channel):
    raise_alert("k", code="of-a-later-version", params={"x": 1})
    raise_alert("l", code="run-failed")  # without the parameters of its sentence
    deliver_due()
    texts = [mail.get_content() for mail in box.mails]
    assert "of-a-later-version" in texts[0]
    assert "… of … failed." in texts[1]


def test_the_password_of_the_server_is_in_no_row(settings, mail_channel):
    settings.OOB_SMTP_USER, settings.OOB_SMTP_PASSWORD = "x", PASSWORD
    raise_alert(
        "a", code="run-failed", params={"archive": f"said {PASSWORD}", "password": "abc", "sources": [PASSWORD]}
    )
    deliver_due()
    rows = [*Alert.objects.values(), *Delivery.objects.values(), *AlertChannel.objects.values()]
    assert PASSWORD not in repr(rows)
    assert "abc" not in repr(Alert.objects.get().params)
