"""A clock that was ahead, as of a server without a battery, and is set back: nothing waits for what it showed."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from io import StringIO

import pytest
from django.utils import timezone
from django_q.models import OrmQ, Schedule

from backups.models import BackupRun
from backups.services import beats, request_backup
from backups.services.clockwork import wind_up
from backups.services.reaping import reap, redeliver
from oobsite.accounts.actors import system_actor
from oobsite.alerts.models import Alert
from oobsite.management.commands.worker import Command, _kill
from oobsite.watchdog import look

pytestmark = pytest.mark.django_db
AHEAD = timedelta(days=400)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def then():
    """The moment that the clock showed before it was set back."""
    return timezone.now() + AHEAD


@pytest.fixture
def queue(monkeypatch):
    """A queue that waits; what is started in its place waits too."""
    children = []

    def start(*_arguments, **_variables):
        children.append(subprocess.Popen(["sleep", "60"], start_new_session=True))
        return children[-1]

    monkeypatch.setattr("oobsite.management.commands.worker._start", start)
    yield start()
    for child in children:
        _kill(child)


def test_a_sign_of_life_of_the_future_is_none(installation, then):
    beats.beat(beats.TICK, then)
    beats.beat(beats.WATCHDOG, then)
    assert beats.worker_health(timezone.now()).is_silent
    assert beats.watchdog_health(timezone.now()).is_silent


def test_the_worker_does_not_wait_for_a_tick_of_the_future(installation, then, queue):
    wind_up()
    Schedule.objects.update(next_run=then)
    beats.beat(beats.TICK, then)
    Command(stderr=StringIO())._replace_hanging({"quick": queue})
    assert Schedule.objects.get().next_run <= timezone.now()


def test_the_watchdog_hears_that_the_worker_has_died(installation, then):
    beats.beat(beats.TICK, then)
    now = timezone.now()
    look(now, then)  # after the jump the worker has its time to begin
    assert not Alert.objects.filter(code="worker-silent").exists()
    look(now + 5 * MINUTE, now)
    assert Alert.objects.get(kind="worker").code == "worker-silent"


def test_a_run_that_was_ordered_in_the_future_is_offered_now(practice, then):
    run = request_backup(system_actor())
    BackupRun.objects.update(requested_at=then)
    OrmQ.objects.update(lock=then)
    now = timezone.now()
    assert redeliver(now) == [run]
    assert OrmQ.objects.get().lock == now


def test_a_run_that_died_in_the_future_is_buried(practice, then):
    run = request_backup(system_actor())
    BackupRun.objects.update(state="running", started_at=then, heartbeat_at=then)
    assert reap(timezone.now()) == [run]
