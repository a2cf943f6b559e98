"""A backup that still waits when its schedule is mended, paused, switched off or deleted does not begin any more."""

from __future__ import annotations

from datetime import date

import pytest
import time_machine
from test_schedules_ticks import HOUR, MINUTE, NIGHT, end, make_schedule, states, tick_at

from backups.models import BackupRun, BackupSchedule
from backups.services import carry_out, scheduling, withdrawing
from backups.services.runs import Recorder
from oobsite.accounts.actors import system_actor
from oobsite.alerts.models import Alert
from oobsite.audit.errors import AuditWriteError
from oobsite.audit.models import AuditEvent
from tests.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("installation")]
MENDED = {
    "other times": {"hour": "4"},
    "paused": {"paused_until": date(2026, 12, 24)},
    "switched off": {"is_active": False},
}


def change(schedule: BackupSchedule, **fields) -> None:
    """As the form stores it, ten minutes after the date."""
    with time_machine.travel(NIGHT + 10 * MINUTE, tick=False):
        for name, value in fields.items():
            setattr(schedule, name, value)
        schedule.save()


def state_after_tick(run: BackupRun) -> str:
    tick_at(NIGHT + 11 * MINUTE)
    return BackupRun.objects.get(pk=run.pk).state


@pytest.mark.parametrize("fields", MENDED.values(), ids=MENDED)
def test_what_waits_for_a_date_that_is_none_any_more_ends(fields):
    schedule = make_schedule()
    (run,) = tick_at(NIGHT).queued
    change(schedule, **fields)
    assert state_after_tick(run) == "interrupted"
    assert [line["code"] for line in BackupRun.objects.get().log] == ["run-withdrawn"]
    assert carry_out(run, Recorder(run)) is None
    assert states(schedule) == [(NIGHT, "skipped")]
    assert not Alert.objects.exists()


def test_with_a_deleted_schedule_its_waiting_backup_goes():
    schedule = make_schedule()
    (run,) = tick_at(NIGHT).queued
    schedule.delete()
    assert state_after_tick(run) == "interrupted"


@pytest.mark.parametrize("fields", [{"name": "Other"}, {"keep_generations": 3}, {"hour": "3,15"}, {"hour": "*"}])
def test_a_change_that_keeps_the_date_keeps_the_backup(fields):
    schedule = make_schedule()
    (run,) = tick_at(NIGHT).queued
    change(schedule, **fields)
    assert state_after_tick(run) == "queued"


def test_what_somebody_has_started_by_hand_is_not_withdrawn():
    schedule = make_schedule()
    run = scheduling.run_now(system_actor(), schedule)
    change(schedule, is_active=False)
    assert state_after_tick(run) == "queued"


@pytest.mark.parametrize("state", ["busy", "interrupted"])
@pytest.mark.parametrize("fields", MENDED.values(), ids=MENDED)
def test_what_did_not_come_to_its_end_does_not_begin_anew_for_it(state, fields):
    schedule = make_schedule()
    (run,) = tick_at(NIGHT).queued
    end(run, state)
    change(schedule, **fields)
    assert tick_at(NIGHT + 11 * MINUTE).queued == []
    assert states(schedule) == [(NIGHT, "done")]


def test_the_new_times_count_at_once():
    schedule = make_schedule()
    tick_at(NIGHT)
    change(schedule, hour="4")
    (run,) = tick_at(NIGHT + HOUR).queued
    assert [state for _slot, state in states(schedule)] == ["skipped", "queued"]
    assert run.slots.get().slot == NIGHT + HOUR


def test_what_cannot_be_withdrawn_keeps_nothing_else_waiting(monkeypatch, caplog):
    schedule = make_schedule()
    (run,) = tick_at(NIGHT).queued
    change(schedule, hour="4")

    def fail(*_arguments):
        raise AuditWriteError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(withdrawing, "record", fail)
        assert len(tick_at(NIGHT + HOUR).queued) == 0  # the one that still waits will do
    assert BackupRun.objects.get(pk=run.pk).state == "queued"
    assert [state for _slot, state in states(schedule)] == ["queued", "skipped"]


@pytest.mark.usefixtures("pages")
def test_who_deletes_it_on_the_screen_is_told_and_on_record(client):
    schedule = make_schedule()
    (run,) = tick_at(NIGHT).queued
    client.force_login(make_user(language="en"))
    answer = client.post(f"/backups/backupschedule/{schedule.pk}/delete/", {"post": "yes"}, follow=True)
    assert "was withdrawn" in answer.text
    assert BackupRun.objects.get(pk=run.pk).state == "interrupted"
    assert AuditEvent.objects.filter(action="run.cancelled").count() == 1


@pytest.mark.usefixtures("pages")
def test_who_mends_it_on_the_screen_is_told(client):
    schedule = make_schedule()
    (run,) = tick_at(NIGHT).queued
    client.force_login(make_user(language="en"))
    page = client.get(f"/backups/backupschedule/{schedule.pk}/change/").context["adminform"].form
    values = {name: page[name].value() for name in page.fields if page[name].value() not in (None, False)}
    answer = client.post(f"/backups/backupschedule/{schedule.pk}/change/", values | {"hour": "5"}, follow=True)
    assert "was withdrawn" in answer.text
    assert BackupRun.objects.get(pk=run.pk).state == "interrupted"
