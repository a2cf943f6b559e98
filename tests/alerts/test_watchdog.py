"""The watchdog looks at an installation: what it finds is told once, again every day, and that it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.management import call_command
from django_q.models import OrmQ
from packing import run_command, tmpfs  # noqa: F401 - fixtures

from backups.domain.watch import KINDS
from backups.jobs import tick as tick_job
from backups.models import BackupArchive, BackupRun, BackupSchedule, Heartbeat, Source
from backups.services import beats
from backups.services.watching import archive_growth
from oobsite import watchdog
from oobsite.alerts.models import Alert, AlertChannel
from oobsite.checks import check_cron_paths
from oobsite.watchdog import watch
from tests.people import make_user

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def place(settings, tmp_path, mail_channel) -> Path:
    """An installation that is well: a recipient, the database as only source, saved and proved this morning."""
    settings.LANGUAGE_CODE = "en"
    settings.OOB_BACKUP_DIR, settings.OOB_WORK_DIR = tmp_path / "backup", tmp_path / "work"
    for folder in (settings.OOB_BACKUP_DIR, settings.OOB_WORK_DIR):
        folder.mkdir()
    Source.objects.exclude(name="elexisdb").update(is_active=False)
    make_archive(NOON - 8 * HOUR)
    beats.beat(beats.TICK, NOON)
    beats.beat(beats.WATCHDOG, NOON - 5 * MINUTE)
    return tmp_path


def make_archive(taken_at, series="elexisdb", size=1000, proof="proved", **values) -> BackupArchive:
    archive = BackupArchive.objects.create(
        name=f"{series}_{taken_at:%Y-%m-%d-%H%M}.tar.gz",
        series=series,
        taken_at=taken_at,
        size=size,
        proof=proof,
        **values,
    )
    archive.path.touch()
    with archive.path.open("r+b") as file:
        file.truncate(size)
    return archive


def make_schedule(**values) -> BackupSchedule:
    schedule = BackupSchedule.objects.create(**{"name": "Nightly", "checked_until": NOON - MINUTE, **values})
    BackupSchedule.objects.update(changed_at=NOON - 30 * DAY)
    return schedule


def codes_at(clock, moment: datetime, *, has_worker: bool = True) -> list[str]:
    """The codes that a look finds, which comes five minutes after another one."""
    clock.move_to(moment)
    beats.beat(beats.WATCHDOG, moment - 5 * MINUTE)
    if has_worker:
        beats.beat(beats.TICK, moment)
        BackupSchedule.objects.update(checked_until=moment)
    return look_now()


def look_now() -> list[str]:
    watch()
    return list(Alert.objects.filter(cleared_at=None, kind__in=KINDS).order_by("pk").values_list("code", flat=True))


def subjects(box) -> list[str]:
    return [mail["Subject"].removeprefix("Praxis am See: ") for mail in box.mails]


def test_where_all_is_well_nobody_is_told(place, box):
    make_schedule()
    assert look_now() == []
    assert (box.mails, Alert.objects.count()) == ([], 0)
    assert beats.seen_at(beats.WATCHDOG) == NOON


def test_a_silent_worker_is_told_once_every_day_and_at_its_end(place, box, clock):
    for hours in range(1, 50):
        assert codes_at(clock, NOON + hours * HOUR, has_worker=False) == ["worker-silent"]
    assert codes_at(clock, NOON + 50 * HOUR) == []
    name = "The worker is silent"
    assert subjects(box) == [name, f"Still so: {name}", f"Still so: {name}", f"All right again: {name}"]
    assert Alert.objects.get().cleared_at == NOON + 50 * HOUR


def test_a_dead_worker_finds_no_heap_of_messages_in_its_queue(place, clock, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        for minutes in range(5, 120, 5):
            codes_at(clock, NOON + timedelta(minutes=minutes), has_worker=False)
    assert Alert.objects.get().code == "worker-silent"
    assert OrmQ.objects.count() == 1


def test_who_was_off_himself_lets_the_worker_begin_first(place, clock):
    clock.move_to(NOON + DAY)
    assert look_now() == []
    clock.shift(5 * MINUTE)
    assert look_now() == ["worker-silent"]


def test_an_archive_that_is_too_old_is_an_alert_of_its_source(place, box, clock):
    make_schedule(is_proved=False)
    assert codes_at(clock, NOON + DAY + 2 * HOUR) == []  # 15:00 in the practice; from 15:15 on it is late
    assert codes_at(clock, NOON + DAY + 3 * HOUR) == ["archive-too-old"]
    assert "Affected: Elexis." in " ".join(box.mails[-1].get_content().split())
    make_archive(NOON + DAY)
    assert codes_at(clock, NOON + DAY + 4 * HOUR) == []
    assert subjects(box) == ["No recent backup: Elexis", "All right again: No recent backup: Elexis"]


@pytest.mark.parametrize(
    "values",
    [{"proof": "failed"}, {"is_safety": True}, {"origin": "legacy", "proof": "none"}],
)
def test_what_is_no_good_archive_does_not_count(place, clock, values):
    make_archive(NOON + 10 * DAY, **values)
    assert "archive-too-old" in codes_at(clock, NOON + 10 * DAY)


def test_an_archive_whose_file_is_gone_does_not_count(place, clock):
    BackupArchive.objects.get().path.unlink()
    assert codes_at(clock, NOON + HOUR) == ["archive-none"]


def test_an_sql_dump_counts_for_its_database(place, clock):
    make_archive(NOON + 10 * DAY, series="elexisdb_sql")
    assert codes_at(clock, NOON + 10 * DAY) == []


def test_a_backup_without_a_test_restore_is_said_after_eight_days(place, clock):
    make_archive(NOON + 9 * DAY, proof="none")
    assert codes_at(clock, NOON + 9 * DAY) == ["proof-too-old"]


def test_a_backup_folder_that_is_away_is_said_alone(place, settings, clock):
    settings.OOB_BACKUP_DIR = place / "unplugged"
    assert codes_at(clock, NOON + 90 * DAY) == ["backup-folder-away"]


def test_a_disk_that_is_filling_is_told_with_its_figures(place, settings, box, clock, tmpfs):  # noqa: F811
    settings.OOB_BACKUP_DIR = tmpfs(place / "small", "4m")
    for days, size in enumerate((400_000, 500_000, 600_000)):
        make_archive(NOON + days * DAY, size=size)
    for archive in BackupArchive.objects.filter(taken_at__gte=NOON):
        archive.path.write_bytes(bytes(archive.size))
    assert codes_at(clock, NOON + 2 * DAY) == ["disk-filling"]
    params = Alert.objects.get().params
    assert (params["days"], params["total_bytes"]) == (params["free_bytes"] // 771_428, 4 * 2**20)


def test_a_disk_with_less_than_a_tenth_left(place, settings, clock, tmpfs):  # noqa: F811
    settings.OOB_WORK_DIR = tmpfs(place / "small", "4m")
    (settings.OOB_WORK_DIR / "full").write_bytes(bytes(3_900_000))
    assert codes_at(clock, NOON + HOUR) == ["work-disk-low"]


def test_what_retention_takes_away_is_no_growth(place, settings):
    settings.OOB_KEEP_GENERATIONS = 3
    BackupArchive.objects.all().delete()
    for days in range(5):
        make_archive(NOON - days * DAY, size=1000 - 100 * days)
    assert archive_growth() == 200


def test_a_date_that_nobody_looks_at(place, clock):
    make_schedule(minute="*/30", hour="*", checked_until=NOON - HOUR)
    make_archive(NOON)
    beats.beat(beats.TICK, NOON)
    assert look_now() == ["run-overdue"]
    assert (Alert.objects.get().event, Alert.objects.get().params["schedule"]) == ("missed", "Nightly")


def test_a_run_that_waits_and_one_that_does_not_end(place, clock):
    run = BackupRun.objects.create(trigger="screen")
    assert codes_at(clock, NOON + 29 * MINUTE) == []
    assert codes_at(clock, NOON + 31 * MINUTE) == ["run-waiting"]
    BackupRun.objects.filter(pk=run.pk).update(state="running", started_at=NOON)
    assert codes_at(clock, NOON + 2 * HOUR) == []
    for days in range(1, 4):
        began = NOON - days * DAY
        BackupRun.objects.create(
            trigger="screen", state="done", started_at=began, ended_at=began + timedelta(minutes=days)
        )
    assert codes_at(clock, NOON + 2 * HOUR) == ["run-too-long"]


def test_a_schedule_without_an_active_source(place, clock):
    make_schedule().sources.set(Source.objects.filter(name="pacsdata"))
    assert codes_at(clock, NOON + HOUR) == ["schedule-without-source"]


def test_a_recipient_whom_nothing_can_reach(place, box, clock):
    broken = AlertChannel.objects.create(name="Chef", kind="apprise", url="nowhere")
    assert codes_at(clock, NOON + HOUR) == []
    assert subjects(box) == ["Somebody cannot be told"]
    broken.delete()
    codes_at(clock, NOON + 2 * HOUR)
    assert subjects(box)[1:] == ["All right again: Somebody cannot be told"]


def test_a_look_that_fails_is_told_and_leaves_no_sign_of_life(place, box, monkeypatch):
    monkeypatch.setattr(watchdog, "judge", lambda facts: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        watch()
    assert subjects(box) == ["The watchdog cannot look"]
    assert beats.seen_at(beats.WATCHDOG) == NOON - 5 * MINUTE


def test_the_tick_says_when_the_watchdog_is_silent(place, box, clock):
    clock.move_to(NOON + 11 * MINUTE)
    tick_job()
    assert subjects(box) == ["The watchdog is silent"]
    beats.beat(beats.WATCHDOG, NOON + 11 * MINUTE)
    tick_job()
    assert subjects(box)[1:] == ["All right again: The watchdog is silent"]


def test_by_hand_it_says_what_it_finds(place, clock, capsys):
    clock.move_to(NOON + 4 * MINUTE)
    with pytest.raises(SystemExit):
        call_command("watchdog")
    assert capsys.readouterr().out.startswith("The worker is silent: The part of oobsite that makes the backups has ")


def test_by_hand_it_prints_what_it_finds(place, clock, run_command):  # noqa: F811
    beats.forget(beats.WATCHDOG)
    assert run_command("watchdog") == (0, {"ok": True, "findings": []})
    clock.move_to(NOON + 4 * MINUTE)
    code, answer = run_command("watchdog")
    assert (code, [finding["code"] for finding in answer["findings"]]) == (3, ["worker-silent"])
    assert beats.seen_at(beats.WATCHDOG) is None  # or the first screen would wait for cron


def test_by_hand_it_says_whom_nothing_reaches(place, box, run_command):  # noqa: F811
    """Also one of whom no message has shown it yet, and one whose last message has failed."""
    AlertChannel.objects.create(name="Chef", kind="apprise", url="nowhere")
    AlertChannel.objects.create(name="Nobody", kind="apprise", url="nowhere", is_active=False)
    box.answer = "451 later"
    code, answer = run_command("watchdog")
    assert (code, answer["ok"]) == (3, False)
    found = [(finding["code"], finding["params"]) for finding in answer["findings"]]
    assert found == [("channel-failing", {"channel": "Chef"}), ("channel-failing", {"channel": "Praxis"})]
    box.answer = "250 OK"
    AlertChannel.objects.filter(name="Chef").delete()
    run_command("testalert")
    assert run_command("watchdog")[0] == 0


@pytest.mark.parametrize(("minutes", "state"), [(None, "none"), (14, "good"), (15, "good"), (16, "silent")])
def test_the_first_screen_shows_when_the_watchdog_looked_last(place, pages, client, minutes, state):
    Heartbeat.objects.filter(name=beats.WATCHDOG).delete()
    if minutes is not None:
        beats.beat(beats.WATCHDOG, NOON - timedelta(minutes=minutes))
    client.force_login(make_user())
    assert f'data-watchdog="{state}"' in client.get("/").content.decode()


@pytest.mark.parametrize("name", ["Praxis am See", "100%", "praxis#2", "o'b"])
def test_a_folder_that_cron_cannot_read_is_said_at_the_start(settings, tmp_path, name):
    settings.OOB_DATA_DIR = tmp_path / name
    (problem,) = check_cron_paths(None)
    assert (problem.id, name in problem.msg) == ("oobsite.W001", True)
