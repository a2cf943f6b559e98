"""Who is told what, and when: once, again every day, and that it is over; with real receivers on loopback."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import OrmQ
from messaging import PASSWORD

from oobsite.alerts import clear_alert, raise_alert, tell
from oobsite.alerts.delivering import RETRY_AFTER, deliver_due, take
from oobsite.alerts.models import Alert, AlertChannel, Delivery
from oobsite.alerts.planning import plan

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 11, 24, 3, 15, tzinfo=UTC)  # a Tuesday


@pytest.fixture(autouse=True)
def english(settings):
    settings.LANGUAGE_CODE = "en"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NIGHT, tick=False) as traveller:
        yield traveller


def fail(key="", **values) -> None:
    params = {"action": "backup", "started_at": NIGHT.isoformat()}
    raise_alert("backup", key, code="run-failed", params=params, **values)


def subjects(box) -> list[str]:
    return [mail["Subject"].removeprefix("Praxis am See: ") for mail in box.mails]


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


# --- when it does not arrive --------------------------------------------------------------------------------
def test_a_failed_delivery_is_tried_again_later_and_later(box, mail_channel, clock):
    box.answer = "451 later"
    fail()
    deliver_due()
    for tries, wait in enumerate(RETRY_AFTER, start=1):
        clock.shift(wait - timedelta(seconds=1))
        deliver_due()
        assert Delivery.objects.get().tries == tries
        clock.shift(timedelta(seconds=1))
        deliver_due()
    assert Delivery.objects.get().state == Delivery.State.FAILED
    assert Delivery.objects.get().error_code == "mail-refused"


def test_what_was_given_up_is_tried_anew_the_next_day(box, mail_channel, clock):
    fail()
    plan(timezone.now())
    Delivery.objects.update(state=Delivery.State.FAILED)
    clock.shift(timedelta(hours=24))
    deliver_due()
    assert subjects(box) == ["Still so: Backup failed"]


def test_it_arrives_when_the_server_is_back(box, mail_channel, clock):
    box.answer = "451 later"
    fail()
    assert deliver_due() == 0
    box.answer = "250 OK"
    assert deliver_due() == 0  # not yet
    clock.shift(timedelta(minutes=1))
    assert deliver_due() == 1
    assert AlertChannel.objects.get().error_code == ""


def test_what_is_over_meanwhile_is_not_tried_again(box, mail_channel, clock):
    box.answer = "451 later"
    fail()
    deliver_due()
    clear_alert("backup")
    box.answer = "250 OK"
    clock.shift(timedelta(hours=1))
    assert deliver_due() == 0
    assert Delivery.objects.get().state == Delivery.State.DROPPED


def test_one_address_that_is_refused_does_not_repeat_the_mail_to_the_others(box, mail_channel, clock):
    AlertChannel.objects.update(addresses="praxis@example.ch left@example.ch")
    box.refused_recipients.add("left@example.ch")
    fail()
    for _hour in range(5):
        deliver_due()
        clock.shift(timedelta(hours=1))
    assert box.envelopes == [["praxis@example.ch"]]
    assert AlertChannel.objects.get().error_params["names"] == ["left@example.ch"]
    assert Alert.objects.filter(kind="channel", cleared_at=None).exists()


BROKEN = {
    "no mail server": lambda settings, channel: setattr(settings, "OOB_SMTP_HOST", ""),
    "nobody listens": lambda settings, channel: setattr(settings, "OOB_SMTP_PORT", 1),
    "unknown host": lambda settings, channel: setattr(settings, "OOB_SMTP_HOST", "no-such-host.invalid"),
    "no STARTTLS": lambda settings, channel: setattr(settings, "OOB_SMTP_SECURITY", "starttls"),
    "no TLS": lambda settings, channel: setattr(settings, "OOB_SMTP_SECURITY", "tls"),
    "login refused": lambda settings, channel: setattr(settings, "OOB_SMTP_USER", "x"),
    "no sender": lambda settings, channel: setattr(settings, "OOB_SMTP_FROM", "nobody"),
    "no recipient": lambda settings, channel: AlertChannel.objects.filter(pk=channel.pk).update(addresses=""),
    "bad recipient": lambda settings, channel: AlertChannel.objects.filter(pk=channel.pk).update(addresses="x"),
    "no url": lambda settings, channel: AlertChannel.objects.filter(pk=channel.pk).update(kind="apprise"),
    "key lost": lambda settings, channel: lose_key(settings, channel),
    "a bug": lambda settings, channel: setattr(settings, "OOB_SMTP_HOST", 7),
}


def lose_key(settings, channel) -> None:
    AlertChannel.objects.filter(pk=channel.pk).update(kind="apprise", url="ntfy://ntfy.sh/x")
    (settings.OOB_DATA_DIR / "field.keys").unlink()


@pytest.mark.parametrize("name", BROKEN)
def test_each_broken_way_is_said_on_the_screen_and_to_the_others(name, settings, mail_channel, web_channel, web, clock):
    """offen PR#697, PR#798: failures that sent no alert."""
    BROKEN[name](settings, mail_channel)
    if name == "key lost":
        web_channel.delete()
    fail()
    deliver_due()
    clock.shift(timedelta(minutes=1))
    deliver_due()
    deliver_due()

    channel = AlertChannel.objects.get(name="Praxis")
    assert channel.error_code
    assert Alert.objects.get(kind="channel").key == str(channel.pk)
    told = [json.loads(body)["title"] for _path, body in web.asked]
    assert told == ([] if name == "key lost" else [f"Praxis am See: {title}" for title in TOLD])


TOLD = ("Backup failed", "Somebody cannot be told")


def test_a_channel_that_works_again_is_an_all_clear(box, settings, mail_channel, web_channel, web, clock):
    settings.OOB_SMTP_PORT = 1
    fail()
    for _try in range(2):
        deliver_due()
        clock.shift(timedelta(minutes=1))
    settings.OOB_SMTP_PORT = box.port
    for _try in range(10):
        clock.shift(timedelta(minutes=1))
        deliver_due()
    assert Alert.objects.get(kind="channel").cleared_at
    assert len(box.mails) == 1
    assert json.loads(web.asked[-1][1])["title"].endswith("All right again: Somebody cannot be told")


# --- several at once ----------------------------------------------------------------------------------------
def test_two_who_deliver_at_once_take_a_message_once(mail_channel):
    fail()
    plan(timezone.now())
    plan(timezone.now())
    assert take(timezone.now()) is not None
    assert take(timezone.now()) is None


def test_a_message_whose_sender_died_is_sent_by_the_next(box, mail_channel, clock):
    fail()
    plan(timezone.now())
    take(timezone.now())
    assert deliver_due() == 0
    clock.shift(timedelta(minutes=6))
    assert deliver_due() == 1


def test_nothing_waits_for_ever(web, web_channel, monkeypatch):
    """A service that hangs costs its time-out, and the others have their turn."""
    monkeypatch.setattr("oobsite.alerts.sending.send_push", slow_send)
    web.slow["/hook"] = 2
    AlertChannel.objects.create(name="Second", kind="apprise", url=f"json://127.0.0.1:{web.port}/second")
    fail()
    assert deliver_due() == 1
    assert AlertChannel.objects.get(name="Hook").error_code == "server-silent"


def slow_send(url, push) -> None:
    from oobsite.alerts.domain.push import send_push

    send_push(url, push, seconds=0.3)


def test_the_password_of_the_server_is_in_no_row(settings, mail_channel):
    settings.OOB_SMTP_USER, settings.OOB_SMTP_PASSWORD = "x", PASSWORD
    raise_alert(
        "a", code="run-failed", params={"archive": f"said {PASSWORD}", "password": "abc", "sources": [PASSWORD]}
    )
    deliver_due()
    rows = [*Alert.objects.values(), *Delivery.objects.values(), *AlertChannel.objects.values()]
    assert PASSWORD not in repr(rows)
    assert "abc" not in repr(Alert.objects.get().params)


def test_the_tick_delivers_what_could_not_be_delivered_before(box, mail_channel, clock):
    from backups.jobs import tick

    box.answer = "451 later"
    fail()
    tick()
    box.answer = "250 OK"
    clock.shift(timedelta(minutes=1))
    tick()
    assert subjects(box) == ["Backup failed"]


def test_the_task_of_the_queue_delivers(box, mail_channel, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        fail()
    task = OrmQ.objects.get()
    assert import_string(task.func())() == 1
    assert len(box.mails) == 1
