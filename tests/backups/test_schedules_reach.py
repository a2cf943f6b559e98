"""A slip of the keyboard must not leave archives of ten minutes: the page says it, asks, and retention holds days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import translation

from backups.models import BackupSchedule, Source
from backups.schedule_models import PERIODS
from backups.services.reach import find_reach
from tests.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("installation", "pages")]
ADD, PREVIEW = "/backups/backupschedule/add/", "/backups/schedules/preview/"
NIGHTLY = {
    "name": "Every night",
    "minute": "15",
    "hour": "3",
    "day": "*",
    "month": "*",
    "weekday": "*",
    "keep_generations": "10",
    "catch_up_hours": "12",
    "is_active": "on",
    **{f"keep_{period}": "0" for period in PERIODS},
}
SLIP = {**NIGHTLY, "minute": "*", "hour": "*"}
OFTEN = {**NIGHTLY, "minute": "*/10", "hour": "*", "keep_generations": "300"}
ONLY_ONE = {**NIGHTLY, "keep_generations": "1"}
BOX = 'name="is_meant"'


@pytest.fixture(autouse=True)
def owner(client):
    client.force_login(make_user(username="muster", language="en"))
    with translation.override("en"):
        yield


def make_schedule(**fields) -> BackupSchedule:
    return BackupSchedule.objects.create(**{"name": "Nightly", "is_proved": False, **fields})


def change(client, schedule, **fields):
    return client.post(f"/backups/backupschedule/{schedule.pk}/change/", {**NIGHTLY, "name": schedule.name, **fields})


@pytest.mark.parametrize("typed", [SLIP, OFTEN, ONLY_ONE])
def test_a_slip_is_not_saved(client, typed):
    text = client.post(ADD, typed).content.decode()
    assert BOX in text and "Change the times or the numbers, or tick this box." in text
    assert not BackupSchedule.objects.exists()


@pytest.mark.parametrize("typed", [SLIP, OFTEN, ONLY_ONE])
def test_what_is_meant_is_saved(client, typed):
    assert client.post(ADD, {**typed, "is_meant": "on"}).status_code == 302
    assert BackupSchedule.objects.get().keep_generations == int(typed["keep_generations"])


def test_a_usual_schedule_is_not_asked_about(client):
    assert client.post(ADD, NIGHTLY).status_code == 302


def test_the_page_says_while_one_types_how_far_back_it_reaches(client):
    assert "at least <strong>9 days</strong>" in client.get(PREVIEW, NIGHTLY).content.decode()
    text = client.get(PREVIEW, SLIP).content.decode()
    assert "at least <strong>9 minutes</strong>" in text
    assert "only <strong>1 minute</strong> between two backups" in text
    assert BOX in text


def test_wrong_numbers_have_no_reach(client):
    text = client.get(PREVIEW, {**NIGHTLY, "keep_generations": "x"}).content.decode()
    assert "data-reach" not in text


def test_a_change_into_a_slip_is_asked_about(client):
    schedule = make_schedule()
    assert BOX in change(client, schedule, hour="*").content.decode()
    schedule.refresh_from_db()
    assert schedule.hour == "3"


def test_what_was_agreed_to_hinders_no_other_change(client):
    schedule = make_schedule(minute="*", hour="*")
    assert change(client, schedule, minute="*", hour="*", catch_up_hours="5").status_code == 302


def test_a_slip_can_be_switched_off_without_a_question_and_not_on_again(client):
    schedule = make_schedule(minute="*", hour="*")
    assert change(client, schedule, minute="*", hour="*", is_active="").status_code == 302
    assert BOX in change(client, schedule, minute="*", hour="*").content.decode()


def test_whoever_only_looks_is_asked_nothing(client):
    schedule = make_schedule(minute="*", hour="*")
    client.force_login(make_user("reader", language="en"))
    assert "how it is meant" not in client.get(f"/backups/backupschedule/{schedule.pk}/change/").content.decode()


def test_another_schedule_pushes_archives_out(client):
    make_schedule(hour="*", keep_generations=2)
    assert find_reach(BackupSchedule(), []).least == timedelta(hours=8)


def test_another_schedule_holds_archives_of_its_own_sources_alone(practice):
    other = make_schedule(keep_generations=1, keep_weekly=5, is_active=False)
    other.sources.set(Source.objects.filter(name="pacsdata"))
    reach = find_reach(BackupSchedule(minute="0", hour="*"), list(Source.objects.filter(name="pacsdata")))
    assert reach.least == timedelta(days=21)
    assert find_reach(BackupSchedule(minute="0", hour="*"), []).least == timedelta(hours=9)


def test_of_three_days_the_newest_stays_whatever_was_typed(practice, run_command):
    schedule = make_schedule(minute="0", hour="*", keep_generations=1)
    schedule.sources.set(Source.objects.filter(name="pacsdata"))
    for hours in (0, 1, 24, 25, 48, 49, 50, 72, 73):
        with time_machine.travel(datetime(2026, 11, 20, 2, 15, tzinfo=UTC) + timedelta(hours=hours), tick=False):
            assert run_command("runschedule", "Nightly")[0] == 0
    stamps = sorted(path.name[9:24] for path in (practice / "backup").glob("pacsdata_*.tar.gz"))
    assert stamps == ["2026-11-21-0415", "2026-11-22-0515", "2026-11-23-0415"]
