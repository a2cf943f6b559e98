"""Schedules from the command line."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from calling import call
from django.utils import timezone

from backups.models import BackupRun, BackupSchedule, Heartbeat, Source

pytestmark = pytest.mark.django_db


@pytest.fixture
def schedule(practice):
    schedule = BackupSchedule.objects.create(name="Every night", is_proved=False)
    schedule.sources.set(Source.objects.filter(name="pacsdata"))
    return schedule


def test_a_schedule_runs_once_now(schedule, run_command):
    code, answer = run_command("runschedule", "Every night")
    assert (code, [archive["source"] for archive in answer["archives"]]) == (0, ["pacsdata"])
    assert BackupRun.objects.get().schedule == schedule


@pytest.mark.parametrize("command", [("runschedule", "Nachts"), ("nextruns", "Nachts")])
def test_an_unknown_one_is_named_with_those_that_are_known(schedule, run_command, command):
    code, answer = run_command(*command)
    assert (code, answer["error"]) == (2, "schedule-unknown")
    assert "Every night" in answer["text"]


def test_the_next_dates_of_a_schedule_know_its_pause(schedule, run_command):
    schedule.paused_until = date(2026, 12, 24)
    schedule.save()
    _code, answer = run_command("nextruns", "Every night", "--count", "2", "--from", "2026-11-24")
    assert answer["dates"] == ["2026-12-24T03:15:00+01:00", "2026-12-25T03:15:00+01:00"]


def test_of_one_that_is_switched_off_the_dates_are_no_promise(schedule, run_command, settings):
    settings.LANGUAGE_CODE = "en"
    BackupSchedule.objects.update(is_active=False)
    assert run_command("nextruns", "Every night")[1]["active"] is False
    assert "is switched off and backs up nothing" in call("nextruns", "Every night")[1]


def test_a_tick_by_hand(schedule, run_command):
    BackupSchedule.objects.update(minute="*", hour="*", checked_until=timezone.now() - timedelta(minutes=1))
    code, answer = run_command("tick")
    assert (code, answer["queued"]) == (0, 1)
    assert BackupRun.objects.get().uid == answer["runs"][0]


def test_a_silent_worker_is_not_well(schedule, run_command):
    assert run_command("checkworker")[0] == 1
    Heartbeat.objects.create(name="tick", at=timezone.now() - timedelta(minutes=4))
    assert run_command("checkworker")[0] == 1
    Heartbeat.objects.update(at=timezone.now())
    assert run_command("checkworker")[0] == 0


def test_a_worker_that_takes_nothing_is_not_well(schedule, run_command):
    run_command("tick")
    run = BackupRun.objects.create(trigger="screen")
    BackupRun.objects.update(requested_at=timezone.now() - timedelta(minutes=6))
    assert run_command("checkworker")[0] == 1
    BackupRun.objects.filter(pk=run.pk).update(state="running")
    assert run_command("checkworker")[0] == 0
