"""The pages of schedules: the form explains itself, errors stand at their fields, presets work without a script."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import timezone, translation

from backups.models import BackupRun, BackupSchedule, Source
from oobsite.audit.models import AuditEvent
from tests.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("installation", "pages")]
ADD, LIST = "/backups/backupschedule/add/", "/backups/backupschedule/"
PREVIEW = "/backups/schedules/preview/"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TYPED = {
    "name": "Nightly",
    "minute": "15",
    "hour": "3",
    "day": "*",
    "month": "*",
    "weekday": "1-5",
    "keep_generations": "10",
    "catch_up_hours": "12",
    "is_active": "on",
    "is_proved": "on",
}


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def make_schedule(**fields) -> BackupSchedule:
    return BackupSchedule.objects.create(**{"name": "Nightly", **fields})


def text_of(answer) -> str:
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


@pytest.fixture
def six_nights(practice, run_command):
    """Real archives of 10 to 15 November."""
    for day in range(10, 16):
        with time_machine.travel(datetime(2026, 11, day, 2, 15, tzinfo=UTC), tick=False):
            run_command("runbackup", "--source", "pacsdata")


def test_a_schedule_is_made(client, owner):
    assert client.post(ADD, {**TYPED, "sources": [Source.objects.get(name="pacsdata").pk]}).status_code == 302
    schedule = BackupSchedule.objects.get()
    assert (str(schedule.cron), [source.name for source in schedule.sources.all()]) == ("15 3 * * 1-5", ["pacsdata"])
    actions = list(AuditEvent.objects.order_by("number").values_list("action", flat=True))
    assert actions[-2:] == ["schedule.added", "schedule.changed"]


def test_every_error_stands_at_its_field():
    schedule = BackupSchedule(name="x", minute="60", hour="3", day="0", month="foo", weekday="1-5")
    with pytest.raises(ValidationError) as caught:
        schedule.full_clean()
    assert {"minute", "day", "month"} == caught.value.message_dict.keys()
    assert "1 to 31" in caught.value.message_dict["day"][0]


def test_the_form_says_what_is_wrong_and_keeps_what_was_typed(client, owner):
    text = text_of(client.post(ADD, {**TYPED, "day": "0"}))
    place = text.index('id="error_day"')
    assert "1 to 31" in text[place : place + 300]
    assert 'name="day" value="0"' in text
    assert not BackupSchedule.objects.exists()


@pytest.mark.parametrize("wrong", [{"keep_generations": "0"}, {"heartbeat_url": "ftp://x/y"}, {"name": ""}])
def test_other_fields_are_judged_too(client, owner, wrong):
    assert "errorlist" in text_of(client.post(ADD, {**TYPED, **wrong}))
    assert not BackupSchedule.objects.exists()


def test_a_name_that_is_taken_is_said_in_plain_words(client, owner):
    make_schedule()
    assert "There is a schedule with this name already." in text_of(client.post(ADD, TYPED))


def test_an_address_for_signs_of_life_begins_with_https(client, owner):
    text = text_of(client.post(ADD, {**TYPED, "heartbeat_url": "hc-ping.com/uuid"}))
    assert "Write an address that begins with https://" in text


def test_a_wrong_number_is_not_hidden_in_a_closed_part(client, owner):
    text = text_of(client.post(ADD, {**TYPED, "keep_weekly": "-1"}))
    opened = text[text.index('<details class="hints" open>') :]
    assert opened.index("errorlist") < opened.index("</details>")


def test_a_new_one_begins_with_a_preset_that_a_link_names(client, owner):
    text = text_of(client.get(ADD, {"preset": "six-hourly"}))
    assert 'name="hour" value="*/6"' in text
    assert 'href="?preset=six-hourly"' in text


def test_a_preset_on_the_page_of_a_schedule_stores_nothing(client, owner):
    schedule = make_schedule()
    text = text_of(client.get(f"{LIST}{schedule.pk}/change/", {"preset": "weekly"}))
    assert 'name="weekday" value="7"' in text
    schedule.refresh_from_db()
    assert schedule.weekday == "*"


def test_the_preview_says_it_in_words_with_five_dates(client, owner):
    with time_machine.travel(NOW):
        text = text_of(client.get(PREVIEW, TYPED))
    assert "Monday to Friday" in text
    assert text.count('<li class="num">') == 5


def test_the_preview_puts_errors_at_their_fields(client, owner):
    text = text_of(client.get(PREVIEW, {**TYPED, "minute": "61", "hour": ""}))
    assert text.count('class="errorlist"') == 2
    assert text.count('hx-swap-oob="true"') == 6
    assert '<li class="num">' not in text


def test_the_preview_is_in_german_for_germans(client):
    client.force_login(make_user(language="de"))
    assert "Montag bis Freitag" in text_of(client.get(PREVIEW, TYPED))


def test_the_preview_shows_what_would_be_deleted(client, owner, six_nights):
    text = text_of(client.get(PREVIEW, {**TYPED, "keep_generations": "3"}))
    assert "delete <strong>4 older archives</strong>" in text
    assert "delete nothing" in text_of(client.get(PREVIEW, {**TYPED, "keep_generations": "3", "keep_daily": "7"}))


def test_another_schedule_protects_what_this_one_would_delete(client, owner, six_nights):
    make_schedule(name="Long", keep_generations=6, is_active=False)
    assert "<strong>1 older archive</strong>" in text_of(client.get(PREVIEW, {**TYPED, "keep_generations": "3"}))


@pytest.mark.parametrize(("days", "is_taken"), [(-1, False), (0, False), (1, True)])
def test_a_pause_ends_on_a_day_to_come(client, owner, days, is_taken):
    day = timezone.localdate() + timedelta(days=days)
    answer = client.post(ADD, {**TYPED, "paused_until": day.isoformat()})
    assert BackupSchedule.objects.exists() == is_taken
    assert is_taken or "choose a later day" in text_of(answer)


def test_a_pause_that_is_over_hinders_no_other_change(client, owner):
    schedule = make_schedule(paused_until=timezone.localdate() - timedelta(days=5))
    typed = {**TYPED, "paused_until": schedule.paused_until.isoformat(), "name": "Otherwise"}
    assert client.post(f"{LIST}{schedule.pk}/change/", typed).status_code == 302


def test_a_chosen_source_that_is_switched_off_stays_chosen(client, owner):
    """Without any the schedule would save everything."""
    source = Source.objects.get(name="pacsdata")
    schedule = make_schedule()
    schedule.sources.set([source])
    Source.objects.filter(pk=source.pk).update(is_active=False)
    page = text_of(client.get(f"{LIST}{schedule.pk}/change/"))
    assert f'name="sources" value="{source.pk}"' in page
    assert "PACS (switched off)" in page
    assert "PACS" not in text_of(client.get(ADD))
    assert client.post(f"{LIST}{schedule.pk}/change/", {**TYPED, "sources": [source.pk]}).status_code == 302
    assert list(schedule.sources.all()) == [source]


def test_a_pause_moves_the_dates(client, owner):
    with time_machine.travel(NOW):
        text = text_of(client.get(PREVIEW, {**TYPED, "paused_until": "2026-12-24"}))
    assert text[text.index('<li class="num">') :].startswith('<li class="num">Thu, 12/24/2026')


def test_a_pause_is_said_on_its_page_and_on_the_first_screen(client, owner):
    with time_machine.travel(NOW):
        client.force_login(owner)
        schedule = make_schedule(paused_until=NOW.date() + timedelta(days=30))
        assert "Paused until 12/24/2026" in text_of(client.get(f"{LIST}{schedule.pk}/change/"))
        assert 'data-schedules="paused"' in text_of(client.get("/"))
    with time_machine.travel(NOW + timedelta(days=31)):
        client.force_login(owner)
        assert 'data-schedules="paused"' not in text_of(client.get("/"))


def test_the_list_says_when_and_how_it_went(client, owner):
    schedule = make_schedule()
    BackupRun.objects.create(trigger="schedule", state="done", schedule=schedule)
    make_schedule(name="Off", is_active=False)
    make_schedule(name="Paused", paused_until=timezone.localdate() + timedelta(days=3))
    text = text_of(client.get(LIST))
    assert "03:15" in text
    for word in ("done", "switched off", "paused", "active"):
        assert word in text


def test_run_once_now_leads_to_its_progress(client, owner):
    schedule = make_schedule(keep_generations=4)
    answer = client.post(f"/backups/schedules/{schedule.pk}/run/", follow=True)
    run = BackupRun.objects.get()
    assert answer.redirect_chain == [(f"/backups/backuprun/{run.pk}/change/", 302)]
    assert "This page shows how far it is." in text_of(answer)
    assert (run.schedule, run.trigger, run.request["keep"], run.requested_by) == (schedule, "screen", 4, owner)


def test_the_next_one_is_left_out_and_the_page_says_so(client, owner):
    schedule = make_schedule()
    client.post(f"/backups/schedules/{schedule.pk}/skip/")
    assert text_of(client.get(f"{LIST}{schedule.pk}/change/")).count("is left out") == 1
    client.post(f"/backups/schedules/{schedule.pk}/skip/")
    schedule.refresh_from_db()
    assert schedule.skip_slot is None
    actions = list(AuditEvent.objects.order_by("number").values_list("action", flat=True))
    assert actions[-2:] == ["schedule.skipping", "schedule.not_skipping"]


def test_the_address_for_signs_of_life_is_kept_and_never_shown(client, owner):
    schedule = make_schedule(heartbeat_url="https://hc.example/secret-uuid")
    assert "secret-uuid" not in text_of(client.get(f"{LIST}{schedule.pk}/change/"))
    client.post(f"{LIST}{schedule.pk}/change/", TYPED)
    schedule.refresh_from_db()
    assert schedule.heartbeat_url.reveal() == "https://hc.example/secret-uuid"


@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        ("https://praxis:oobMARK-ping@hc.example/uuid", True),
        ("http://praxis:oobMARK-ping@127.0.0.1:8000/uuid", True),
        ("http://praxis:oobMARK-ping@hc.example/uuid", False),
    ],
)
def test_a_password_in_the_address_is_kept_and_goes_nowhere_unencrypted(client, owner, url, is_taken):
    answer = client.post(ADD, {**TYPED, "heartbeat_url": url})
    assert BackupSchedule.objects.exists() == is_taken
    page = client.get(f"{LIST}{BackupSchedule.objects.get().pk}/change/") if is_taken else answer
    assert "oobMARK-ping" not in text_of(page)
    assert is_taken or "https://" in text_of(page)
    stored = [*BackupSchedule.objects.values(), *AuditEvent.objects.values()]
    assert "oobMARK-ping" not in repr(stored)


def test_the_usual_one_by_one_click_and_not_twice(client, owner):
    for _ in range(2):
        client.post("/backups/schedules/usual/")
    schedule = BackupSchedule.objects.get()
    assert (str(schedule.cron), schedule.is_proved, schedule.keep_generations) == ("15 3 * * *", True, 10)


def test_a_reader_sees_plain_values(client):
    schedule = make_schedule()
    client.force_login(make_user("reader", language="en"))
    text = text_of(client.get(f"{LIST}{schedule.pk}/change/"))
    assert 'class="readonly">15<' in text
    assert 'name="minute"' not in text
