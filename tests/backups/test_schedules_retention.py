"""Several schedules write into the same series: what any of them wants to keep stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from backups.models import BackupRun, BackupSchedule, Source
from backups.services import carry_out, retention, scheduling
from backups.services.request import Request
from backups.services.runs import Recorder
from oobsite.accounts.actors import system_actor

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 20, 2, 15, tzinfo=UTC)


@pytest.fixture
def back_up(practice, run_command):
    """Run commands, each a day after the one before."""
    times = iter(START + timedelta(days=day) for day in range(100))

    def back_up(*command):
        with time_machine.travel(next(times), tick=False):
            assert run_command(*command)[0] == 0

    return back_up


@pytest.fixture
def days(practice):
    """Days of November of which there is an archive."""
    return lambda: sorted(int(path.name[17:19]) for path in (practice / "backup").glob("pacsdata_*.tar.gz"))


def make_schedule(name: str, **fields) -> BackupSchedule:
    schedule = BackupSchedule.objects.create(name=name, is_proved=False, **fields)
    schedule.sources.set(Source.objects.filter(name="pacsdata"))
    return schedule


def test_the_counts_of_a_schedule_are_those_of_its_runs(back_up, days):
    make_schedule("Short", keep_generations=2)
    for _ in range(4):
        back_up("runschedule", "Short")
    assert len(days()) == 2


def test_a_backup_by_hand_deletes_nothing_that_a_schedule_keeps(back_up, days, settings):
    settings.OOB_KEEP_GENERATIONS = 1
    make_schedule("Long", keep_generations=3, is_active=False)
    for _ in range(5):
        back_up("runbackup", "--source", "pacsdata")
    assert len(days()) == 3


def test_one_schedule_keeps_what_another_one_would_delete(back_up, days):
    make_schedule("Short", keep_generations=1)
    make_schedule("Long", keep_generations=1, keep_weekly=2)
    for _ in range(5):  # Friday to Tuesday
        back_up("runschedule", "Short")
    assert days() == [22, 24]  # the newest of each week


def test_a_deleted_schedule_protects_nothing(back_up, days):
    make_schedule("Short", keep_generations=1)
    long = make_schedule("Long", keep_generations=5)
    for _ in range(3):
        back_up("runschedule", "Short")
    assert len(days()) == 3
    long.delete()
    back_up("runschedule", "Short")
    assert len(days()) == 1


def test_a_schedule_decides_about_its_own_sources_and_their_dumps(practice):
    elexis = make_schedule("Elexis", keep_generations=7)
    elexis.sources.set(Source.objects.filter(name="elexisdb"))
    own, policy = retention.policies_for(Request(keep=2))
    assert (own.covers("pacsdata"), own.last) == (True, 2)
    assert (policy.covers("elexisdb"), policy.covers("elexisdb_sql"), policy.covers("pacsdata")) == (True, True, False)


@pytest.mark.parametrize("trigger", ["schedule", "screen"])
def test_the_proof_is_started_by_what_has_started_the_backup(practice, trigger):
    schedule = BackupSchedule.objects.create(name="Nightly")
    schedule.sources.set(Source.objects.filter(name="pacsdata"))
    run = scheduling.queue_backup(schedule, system_actor(), BackupRun.Trigger(trigger))
    carry_out(run, Recorder(run))
    assert BackupRun.objects.get(action="proof").trigger == trigger
