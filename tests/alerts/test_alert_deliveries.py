"""Messages that do not arrive, and several that are sent at once; with real receivers on loopback."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from alerting import fail, subjects
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import OrmQ

from oobsite.alerts import clear_alert, tell
from oobsite.alerts.delivering import RETRY_AFTER, deliver_due, take
from oobsite.alerts.models import Alert, AlertChannel, Delivery
from oobsite.alerts.planning import plan

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


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


def test_what_is_over_while_a_channel_is_switched_off_is_not_told_later(box, mail_channel, clock):
    box.answer = "451 later"
    tell("failure", code="run-failed", level="error")
    deliver_due()
    AlertChannel.objects.update(is_active=False)
    deliver_due()
    box.answer = "250 OK"
    AlertChannel.objects.update(is_active=True)
    clock.shift(timedelta(hours=1))
    assert deliver_due() == 0
    assert box.mails == []


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
