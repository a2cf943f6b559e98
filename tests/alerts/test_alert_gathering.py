"""Many things of one kind are one alert: it says how many there are, names a few, and is told when all are known."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from alerting import NIGHT, subjects
from calling import call_json
from django.apps import apps
from django.utils import translation

from oobsite.alerts import end_gathered, gather_alert, messages, raise_alert, services, tell_held
from oobsite.alerts.delivering import deliver_due
from oobsite.alerts.models import Alert
from tests.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
KIND = "archive-damaged"
DAY = timedelta(days=1)


def found(*numbers, **values) -> None:
    gather_alert(KIND, "pacsdata", [f"a{number}.tar.gz" for number in numbers], **values)


def text() -> str:
    with translation.override("en"):
        return messages.text(Alert.objects.get())


def test_forty_damaged_archives_are_one_mail_with_their_number(box, mail_channel):
    found(*range(40))
    deliver_due()
    assert subjects(box) == ["40 archives damaged: PACS"]
    assert "a0.tar.gz, a1.tar.gz, a2.tar.gz and 37 others." in box.mails[0].get_content()


@pytest.mark.parametrize(
    ("count", "sentence"),
    [
        (1, "The archive a0.tar.gz is not any more what was written."),
        (3, "3 archives are not any more what was written: a0.tar.gz, a1.tar.gz, a2.tar.gz."),
        (4, "4 archives are not any more what was written: a0.tar.gz, a1.tar.gz, a2.tar.gz and 1 other."),
    ],
)
def test_the_first_three_are_named(count, sentence):
    found(*range(count))
    assert text() == f"{sentence} Affected: PACS."


def test_what_is_held_is_told_when_no_more_follows(box, mail_channel):
    for number in range(3):
        found(number, is_held=True)
        deliver_due()
    assert box.mails == []
    tell_held(KIND)
    deliver_due()
    assert subjects(box) == ["3 archives damaged: PACS"]


def test_what_is_held_for_an_hour_is_told_whatever_became_of_the_check(box, mail_channel, clock):
    found(0, is_held=True)
    clock.shift(timedelta(minutes=61))
    deliver_due()
    assert subjects(box) == ["Archive damaged: PACS"]


def test_a_clock_that_is_set_back_holds_nothing_for_ever(box, mail_channel, clock):
    clock.move_to(NIGHT + 400 * DAY)
    found(0, is_held=True)
    clock.move_to(NIGHT)
    deliver_due()
    assert len(box.mails) == 1


def test_more_in_the_next_night_comes_with_the_reminder(box, mail_channel, clock):
    found(0)
    deliver_due()
    clock.shift(DAY)
    found(1)
    deliver_due()
    assert subjects(box) == ["Archive damaged: PACS", "Still so: 2 archives damaged: PACS"]


def test_it_is_over_with_the_last_and_the_all_clear_names_them_all(box, mail_channel):
    found(0, 1)
    deliver_due()
    end_gathered(KIND, "a0.tar.gz")
    assert Alert.objects.get().is_open
    assert "The archive a1.tar.gz" in text()
    end_gathered(KIND, "a1.tar.gz")
    deliver_due()
    assert subjects(box) == ["2 archives damaged: PACS", "All right again: 2 archives damaged: PACS"]


def test_one_that_is_damaged_again_counts_again():
    found(0, 1)
    end_gathered(KIND, "a0.tar.gz")
    found(0)
    end_gathered(KIND, "a1.tar.gz")
    assert Alert.objects.get().is_open


def test_what_is_found_while_another_process_ends_the_alert_is_not_lost(monkeypatch):
    """Nobody finds it a second time: what is marked as damaged is no news any more."""
    found(0)
    real = services._open

    def open_late(*arguments):
        opened = real(*arguments)
        end_gathered(KIND, "a0.tar.gz")
        return opened

    monkeypatch.setattr(services, "_open", open_late)
    found(1)
    (alert,) = Alert.objects.filter(cleared_at=None)
    assert messages.gathered(alert) == ["a1.tar.gz"]


def test_what_nobody_gathered_ends_nothing():
    found(0)
    end_gathered(KIND, "b.tar.gz")
    end_gathered("archive-vanished", "a0.tar.gz")
    assert Alert.objects.get().is_open


@pytest.mark.usefixtures("pages")
def test_the_page_names_them_all_and_says_which_is_well_again(client):
    found(*range(7))
    end_gathered(KIND, "a0.tar.gz")
    client.force_login(make_user(language="en"))
    page = client.get(f"/alerts/alert/{Alert.objects.get().pk}/change/").text
    assert all(f"a{number}.tar.gz" in page for number in range(7))
    assert page.count("all right again") == 1


def test_the_command_names_those_that_are_not_well():
    found(*range(7))
    end_gathered(KIND, "a0.tar.gz")
    (alert,) = call_json("listalerts")[1]["alerts"]
    assert (alert["title"], alert["first_at"]) == ("6 archives damaged: PACS", "2026-11-24T03:15:00+00:00")
    assert alert["items"] == [f"a{number}.tar.gz" for number in range(1, 7)]


def test_open_alerts_of_single_archives_become_one():
    for number in (1, 2):
        raise_alert("archive", f"a{number}.tar.gz", code=KIND, params={"archive": f"a{number}"}, source="pacsdata")
    import_module("oobsite.alerts.migrations.0002_gathered_items").gather_open(apps, None)
    assert "2 archives are not any more what was written: a1.tar.gz, a2.tar.gz." in text()
    end_gathered(KIND, "a1.tar.gz")
    end_gathered(KIND, "a2.tar.gz")
    assert not Alert.objects.get().is_open
