"""Runs whose process is gone: marked, tidied up after, and begun anew; nobody who works is taken for dead."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

from backups.domain.lock import make_holder, run_lock
from backups.jobs import carry_out_run
from backups.models import BackupRun, BackupSchedule, ScheduleSlot
from backups.services import carry_out, create_run, request_backup, scheduling
from backups.services.beats import worker_health
from backups.services.reaping import reap, redeliver, tasks_of
from backups.services.request import Request
from backups.services.runs import Recorder
from backups.services.stopping import stop_running
from backups.services.ticking import tick
from oobsite.accounts.actors import system_actor
from oobsite.alerts.models import Alert

pytestmark = pytest.mark.django_db
LATER = timedelta(minutes=3)


@pytest.fixture
def dead(practice):
    """A run of a schedule that was killed: its row says running, its task is locked, its parts lie about."""
    later = timezone.localtime() + timedelta(hours=12)  # no date of its own comes during a test
    schedule = BackupSchedule.objects.create(name="Nightly", hour=str(later.hour))
    run = scheduling.queue_backup(schedule)
    ScheduleSlot.objects.create(schedule=schedule, slot=timezone.now(), state="queued", run=run)
    BackupRun.objects.update(state="running", started_at=timezone.now(), heartbeat_at=timezone.now())
    OrmQ.objects.update(lock=timezone.now() + timedelta(days=8))
    (practice / "work" / f"run-{run.uid}").mkdir()
    (practice / "backup" / f"pacsdata_2026-11-24-0315.tar.gz.{run.uid}.part").touch()
    run.refresh_from_db()
    return run


def test_a_dead_run_is_buried_with_all_that_it_left(dead, practice):
    assert reap(timezone.now() + LATER) == [dead]
    dead.refresh_from_db()
    assert (dead.state, dead.ended_at is not None) == ("interrupted", True)
    assert list((practice / "work").iterdir()) == []
    assert [path.name for path in (practice / "backup").iterdir()] == [".oobsite.lock"]
    assert list(tasks_of(dead)) == []
    assert Alert.objects.get().code == "run-interrupted"


def test_a_run_with_a_fresh_sign_of_life_is_left_alone(dead):
    assert reap(timezone.now() + timedelta(seconds=100)) == []


def test_a_run_that_holds_the_lock_is_left_alone_however_silent(dead, practice):
    with run_lock(practice / "backup", make_holder(dead.uid, "backup", timezone.now())):
        assert reap(timezone.now() + LATER) == []
    dead.refresh_from_db()
    assert dead.state == "running"


def test_without_the_backup_folder_nobody_is_buried(dead, settings):
    settings.OOB_BACKUP_DIR = settings.OOB_BACKUP_DIR / "away"
    assert reap(timezone.now() + LATER) == []


def test_the_tick_buries_and_begins_anew_once(dead):
    (again,) = tick(timezone.now() + LATER).queued
    assert (again.trigger, again.schedule) == ("schedule", dead.schedule)
    BackupRun.objects.filter(pk=again.pk).update(state="running", heartbeat_at=timezone.now())
    assert tick(timezone.now() + 2 * LATER).queued == []
    assert ScheduleSlot.objects.get().state == "done"


def test_a_run_by_hand_does_not_begin_anew(dead):
    ScheduleSlot.objects.all().delete()
    done = tick(timezone.now() + LATER)
    assert (done.reaped, done.queued) == ([dead], [])


def test_a_command_that_was_killed_before_it_began_is_buried(practice):
    request = Request().to_json()
    run = create_run(system_actor(), BackupRun.Action.BACKUP, BackupRun.Trigger.COMMAND, request)
    assert tick(timezone.now()).reaped == []
    assert tick(timezone.now() + LATER).reaped == [run]
    assert carry_out(run, Recorder(run)) is None
    run.refresh_from_db()
    assert (run.state, run.ended_at is not None, Alert.objects.get().code) == ("interrupted", True, "run-interrupted")
    assert worker_health(timezone.now() + 2 * LATER).is_stuck is False


def test_what_cannot_be_removed_does_not_stop_the_tick(dead, practice, tmpfs):
    tmpfs(practice / "work" / f"run-{dead.uid}" / "mounted", "1m")
    (again,) = tick(timezone.now() + LATER).queued
    assert carry_out_run(again.pk) == "done"
    assert [path.name for path in (practice / "work").iterdir()] == [f"run-{dead.uid}"]


def test_a_dead_restore_is_settled_by_the_worker(dead):
    BackupRun.objects.update(action="restore")
    reap(timezone.now() + LATER)
    assert [(row.func(), row.key) for row in OrmQ.objects.all()] == [("backups.jobs.recover", "heavy")]


def test_a_task_that_comes_twice_does_nothing_the_second_time(practice):
    run = request_backup(system_actor())
    assert carry_out_run(run.pk) == "done"
    archives = sorted((practice / "backup").iterdir())
    assert carry_out_run(run.pk) == "done"
    assert sorted((practice / "backup").iterdir()) == archives


def test_what_a_killed_worker_held_in_advance_is_offered_again(practice):
    run = request_backup(system_actor())
    OrmQ.objects.update(lock=timezone.now() + timedelta(days=8))
    assert redeliver(timezone.now()) == []
    later = timezone.now() + LATER
    assert redeliver(later) == [run]
    assert OrmQ.objects.get().lock == later
    assert redeliver(later) == []


def test_a_waiting_run_without_a_task_gets_one(practice):
    run = request_backup(system_actor())
    OrmQ.objects.all().delete()
    async_task("backups.jobs.tick", cluster="quick")
    assert redeliver(timezone.now() + LATER) == [run]
    assert len(list(tasks_of(run))) == 1


def test_nothing_is_offered_again_while_somebody_works(practice):
    request_backup(system_actor())
    OrmQ.objects.all().delete()
    with run_lock(practice / "backup", make_holder("0123456789ab", "backup", timezone.now())):
        assert redeliver(timezone.now() + LATER) == []


def test_the_end_of_the_worker_stops_no_command(practice):
    by_worker = request_backup(system_actor())
    request = Request().to_json()
    by_hand = create_run(system_actor(), BackupRun.Action.BACKUP, BackupRun.Trigger.COMMAND, request)
    BackupRun.objects.update(state="running")
    assert stop_running() == 1
    assert list(BackupRun.objects.filter(is_stop_requested=True)) == [by_worker]
    assert not Recorder(by_hand).is_cancelled()
