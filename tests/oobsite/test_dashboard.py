"""The first screen: one sentence that is right, and the facts below it."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from backups.models import BackupArchive, BackupRun, Source
from oobsite.accounts.models import User
from oobsite.dashboard import Verdict, build_dashboard
from tests.people import make_user

State = BackupRun.State
Proof = BackupArchive.Proof
NOW = timezone.make_aware(datetime(2026, 11, 24, 12, 30))

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def two_sources(settings, tmp_path, pages):
    settings.OOB_BACKUP_DIR = tmp_path
    Source.objects.exclude(name="elexisdb").update(is_active=False)
    Source.objects.filter(name="pacsdata").update(is_active=True)


@pytest.fixture
def owner(client):
    user = make_user(username="muster")
    client.force_login(user)
    return user


def make_run(state=State.DONE, *, hours_ago=9.0, **values):
    started = NOW - timedelta(hours=hours_ago)
    ended = started + timedelta(minutes=20)
    values = {"trigger": "schedule", "started_at": started, "ended_at": ended, **values}
    return BackupRun.objects.create(state=state, **values)


def make_archive(series, *, hours_ago=9.0, proof=Proof.PROVED, **values):
    taken = NOW - timedelta(hours=hours_ago)
    name = f"{series}_{taken:%Y-%m-%d-%H%M}.tar.gz"
    proved_at = taken + timedelta(minutes=5) if proof == Proof.PROVED else None
    (Path(settings.OOB_BACKUP_DIR) / name).touch()
    os.truncate(Path(settings.OOB_BACKUP_DIR) / name, 1000)
    return BackupArchive.objects.create(
        name=name, series=series, taken_at=taken, size=1000, proof=proof, proved_at=proved_at, **values
    )


def make_both(**values):
    return [make_archive(series, **values) for series in ("elexisdb", "pacsdata")]


def test_nothing_there_yet():
    dashboard = build_dashboard(NOW)
    assert dashboard.verdict == Verdict.EMPTY
    assert dashboard.verdict.level == "bad"
    assert dashboard.lost_hours is None


def test_saved_and_proved():
    make_run()
    make_both()
    dashboard = build_dashboard(NOW)
    assert dashboard.verdict == Verdict.SAFE
    assert dashboard.verdict.level == "good"
    assert dashboard.lost_hours == 9
    assert dashboard.lost_days is None


def test_saved_but_not_proved():
    make_archive("elexisdb")
    make_archive("pacsdata", proof=Proof.NONE)
    assert build_dashboard(NOW).verdict == Verdict.UNPROVED


def test_the_oldest_source_decides_how_old_the_backup_is():
    make_archive("elexisdb", hours_ago=1)
    make_archive("pacsdata", hours_ago=49.5)
    dashboard = build_dashboard(NOW)
    assert dashboard.verdict == Verdict.STALE
    assert (dashboard.lost_hours, dashboard.lost_days) == (50, 3)


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        (State.FAILED, Verdict.FAILED),
        (State.PARTIAL, Verdict.PARTIAL),
        (State.INTERRUPTED, Verdict.INTERRUPTED),
        (State.WARNINGS, Verdict.SAFE),
    ],
)
def test_the_last_run_that_ended_decides(state, verdict):
    make_both()
    make_run(hours_ago=20)
    make_run(state)
    assert build_dashboard(NOW).verdict == verdict


@pytest.mark.parametrize(
    "run",
    [
        {"state": State.RUNNING, "hours_ago": 0},
        {"state": State.BUSY, "hours_ago": 0},
        {"state": State.FAILED, "hours_ago": 0, "action": "proof"},
        {"state": State.INTERRUPTED, "started_at": None},
    ],
)
def test_runs_that_saved_nothing_do_not_change_the_sentence(run):
    make_both()
    make_run()
    make_run(**run)
    assert build_dashboard(NOW).verdict == Verdict.SAFE


def test_a_required_source_without_archive():
    make_archive("elexisdb")
    dashboard = build_dashboard(NOW)
    assert dashboard.verdict == Verdict.MISSING
    assert [source.name for source in dashboard.missing] == ["pacsdata"]
    assert dashboard.lost_hours is None


def test_an_optional_source_without_archive_is_no_alarm():
    Source.objects.filter(name="pacsdata").update(is_required=False)
    make_archive("elexisdb")
    assert build_dashboard(NOW).verdict == Verdict.SAFE


def test_a_failed_proof_counts_the_loss_from_the_archive_before():
    make_both()
    make_archive("elexisdb", hours_ago=33)
    BackupArchive.objects.filter(series="elexisdb", taken_at__gt=NOW - timedelta(hours=10)).update(proof=Proof.FAILED)
    dashboard = build_dashboard(NOW)
    assert dashboard.verdict == Verdict.DAMAGED
    assert dashboard.lost_hours == 33


def test_archives_whose_files_are_gone_are_no_backup():
    make_run()
    for archive in make_both():
        archive.path.unlink()
    dashboard = build_dashboard(NOW)
    assert (dashboard.verdict, dashboard.verdict.level) == (Verdict.GONE, "bad")
    assert dashboard.lost_hours is None
    assert len(dashboard.missing) == 2


def test_the_loss_is_counted_from_the_archive_whose_file_is_there():
    make_both(hours_ago=33)
    os.truncate(make_both()[0].path, 999)
    dashboard = build_dashboard(NOW)
    assert (dashboard.verdict, dashboard.lost_hours) == (Verdict.GONE, 33)


def test_an_old_archive_that_is_gone_is_no_alarm():
    make_both()
    make_archive("elexisdb", hours_ago=33).path.unlink()
    assert build_dashboard(NOW).verdict == Verdict.SAFE


def test_the_screen_says_that_files_are_gone(client, owner):
    for archive in make_both():
        archive.path.unlink()
    page = client.get("/")
    assert 'data-verdict="gone"' in page.text
    assert "Elexis" in page.text


def test_safety_backups_do_not_count():
    make_both(is_safety=True)
    assert build_dashboard(NOW).verdict == Verdict.EMPTY


def test_an_sql_dump_counts_for_its_source():
    make_archive("elexisdb_sql")
    make_archive("pacsdata")
    assert build_dashboard(NOW).verdict == Verdict.SAFE


def test_what_runs_comes_before_what_waits():
    waiting = make_run(State.QUEUED, started_at=None)
    running = make_run(State.RUNNING, hours_ago=0, progress={"stage": "pack", "source": "pacsdata", "done_bytes": 5})
    dashboard = build_dashboard(NOW)
    assert dashboard.open_run.run == running
    assert (dashboard.open_run.title, dashboard.open_run.total_bytes) == ("PACS", None)
    running.delete()
    assert build_dashboard(NOW).open_run.run == waiting


def test_a_silent_job_is_noticed():
    run = make_run(State.RUNNING, heartbeat_at=NOW - timedelta(minutes=3))
    assert build_dashboard(NOW).open_run.is_silent
    BackupRun.objects.filter(pk=run.pk).update(heartbeat_at=NOW)
    assert not build_dashboard(NOW).open_run.is_silent


def test_thirty_days_show_how_the_last_backup_of_each_ended():
    make_run(State.FAILED, hours_ago=10)
    make_run(State.DONE, hours_ago=9)
    make_run(State.PARTIAL, hours_ago=9 + 24)
    make_run(State.WARNINGS, hours_ago=9 + 48)
    days = build_dashboard(NOW).days
    assert [day.level for day in days[-4:]] == ["none", "warn", "bad", "good"]
    assert len(days) == 30
    assert days[-1].date == NOW.date()


def test_a_backup_that_somebody_cancelled_spoils_no_day():
    make_run(hours_ago=3)
    make_run(State.INTERRUPTED, hours_ago=1, is_cancel_requested=True)
    assert build_dashboard(NOW).days[-1].level == "good"


def test_a_backup_that_somebody_cancelled_does_not_change_the_sentence():
    make_both()
    make_run()
    make_run(State.INTERRUPTED, hours_ago=1, is_cancel_requested=True)
    assert build_dashboard(NOW).verdict == Verdict.SAFE


def test_the_newest_backup_that_is_proved_is_named_beside_one_that_is_not(client, owner):
    make_both()
    make_both(hours_ago=1, proof=Proof.NONE)
    dashboard = build_dashboard(NOW)
    assert (dashboard.verdict, dashboard.proved_backup_at) == (Verdict.UNPROVED, NOW - timedelta(hours=9))


def test_no_backup_is_named_as_proved_unless_everything_was():
    make_archive("elexisdb")
    make_archive("pacsdata", proof=Proof.NONE)
    assert build_dashboard(NOW).proved_backup_at is None


def make_exchange(action, state, *, hours_ago=5.0):
    make_run(hours_ago=hours_ago, action=action, result={"in_place": {"elexisdb": state, "pacsdata": state}})


@pytest.mark.parametrize(
    ("action", "state", "is_told"),
    [
        ("restore", "new", True),
        ("restore", "untested", True),
        ("restore", "old", False),
        ("sql", "new", True),
        ("undo", "old", True),
        ("undo", "new", False),
    ],
)
def test_older_backups_do_not_hold_what_an_exchange_has_put_in_place(action, state, is_told):
    make_both()
    make_exchange(action, state)
    dashboard = build_dashboard(NOW)
    assert (dashboard.verdict == Verdict.EXCHANGED) is is_told
    assert (dashboard.exchanged_at is not None) is is_told


def test_a_backup_after_the_exchange_holds_it():
    make_exchange("undo", "old")
    make_both(hours_ago=4)
    dashboard = build_dashboard(NOW)
    assert (dashboard.verdict, dashboard.exchanged_at, dashboard.lost_hours) == (Verdict.SAFE, None, 4)


def test_the_screen_promises_nothing_of_data_that_no_backup_holds(client, owner):
    make_both()
    make_exchange("undo", "old")
    text = client.get("/").text
    assert 'data-verdict="exchanged"' in text
    assert "höchstens" not in text


def test_days_are_those_of_the_practice():
    make_run(started_at=timezone.make_aware(datetime(2026, 11, 24, 0, 15)))  # 23:15 of the day before in UTC
    assert [day.level for day in build_dashboard(NOW).days[-2:]] == ["none", "good"]


def test_archives_whose_files_are_gone_take_no_room():
    make_both()[0].path.unlink()
    disk = build_dashboard(NOW).disk
    assert (disk.archive_count, disk.archive_bytes) == (1, 1000)


def test_disk_space_and_a_missing_folder(settings, tmp_path):
    make_both()
    disk = build_dashboard(NOW).disk
    assert (disk.archive_count, disk.archive_bytes) == (2, 2000)
    assert 0 < disk.free <= disk.total
    settings.OOB_BACKUP_DIR = tmp_path / "not-there"
    assert build_dashboard(NOW).disk is None


def test_remarks_of_the_last_run():
    line = {"at": NOW.isoformat(), "source": "pacsdata", "params": {"count": 2, "names": ["a", "b"]}}
    lines = [{**line, "level": "warning", "code": "files-skipped"}, {**line, "level": "info", "code": "pruned"}]
    make_run(State.WARNINGS, log=lines)
    (remark,) = build_dashboard(NOW).remarks
    assert remark.title == "PACS"
    assert "a, b" in remark.text


def test_the_screen_of_an_empty_installation(client, owner):
    page = client.get("/")
    assert page.status_code == 200
    assert 'data-verdict="empty"' in page.text
    assert "/backups/now/" in page.text
    assert "http-equiv" not in page.text


def test_the_screen_renews_itself_only_while_something_runs(client, owner):
    progress = {"stage": "pack", "source": "pacsdata", "done_bytes": 5_000_000, "total_bytes": 10_000_000}
    make_run(State.RUNNING, progress=progress)
    page = client.get("/")
    assert '<meta http-equiv="refresh" content="5">' in page.text
    assert 'max="10000000" value="5000000"' in page.text
    assert "/cancel/" in page.text
    assert "/backups/now/" not in page.text


def test_a_reader_sees_the_screen_without_buttons(client):
    make_both()
    client.force_login(User.objects.create_user("leser", password="x"))
    page = client.get("/")
    assert page.status_code == 200
    assert "/backups/now/" not in page.text


def test_bad_archives_and_the_oldest_check_are_told(owner, client):
    make_both(verified_at=NOW - timedelta(days=1))
    old = make_archive("pacsdata", hours_ago=99, proof=Proof.FAILED, verified_at=NOW - timedelta(days=32))
    make_archive("pacsdata", hours_ago=200, origin=BackupArchive.Origin.LEGACY)
    checks = build_dashboard(NOW).checks
    assert (checks.count, checks.bad_count, checks.oldest_at, checks.is_old) == (3, 1, old.verified_at, True)
    page = client.get("/").content.decode()
    assert 'data-checks="1"' in page
    assert "?proof__exact=failed" in page


def test_nothing_is_said_of_checks_before_the_first_backup(owner, client):
    assert "data-checks" not in client.get("/").content.decode()
