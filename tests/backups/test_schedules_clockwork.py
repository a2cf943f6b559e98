"""django-q2 has one schedule: the tick."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import Schedule

from backups.jobs import tick
from backups.models import Heartbeat
from backups.services.clockwork import wind_up
from oobsite.dashboard import build_dashboard

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("installation")]


def test_there_is_one_tick_a_minute_however_often_it_is_wound_up():
    Schedule.objects.all().delete()
    for _ in range(3):
        wind_up()
    schedule = Schedule.objects.get()
    assert (schedule.func, schedule.schedule_type, schedule.minutes) == ("backups.jobs.tick", Schedule.MINUTES, 1)
    assert schedule.cluster == "quick"


def test_doubles_and_a_tick_in_the_far_future_are_mended():
    for _ in range(2):
        Schedule.objects.create(func="backups.jobs.tick", next_run=timezone.now() + timedelta(days=400))
    wind_up()
    assert Schedule.objects.get().next_run <= timezone.now()


def test_the_job_leaves_a_sign_of_life_that_the_first_screen_knows():
    now = timezone.now()
    Heartbeat.objects.create(name="tick", at=now - timedelta(minutes=4))
    assert build_dashboard(now).upcoming.has_trouble
    assert tick() == "0 queued, 0 missed, 0 interrupted"
    assert not build_dashboard(timezone.now()).upcoming.has_trouble


def test_nobody_waits_for_a_worker_that_was_never_wanted():
    assert not build_dashboard(timezone.now()).upcoming.has_trouble
