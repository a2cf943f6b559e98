"""What the screens show of an open run, with htmx and without."""

from __future__ import annotations

import re
import time
from datetime import timedelta

import pytest
from django.utils import timezone, translation
from waiting import wait_until

from backups.domain import meter
from backups.domain.job import Progress
from backups.models import BackupRun
from backups.progress_facts import live_run
from backups.services import life, runs
from backups.services.runs import Recorder, claim, open_run
from oobsite.errors import Notice
from oobsite.templatetags.oob import time_left
from tests.people import make_user

State = BackupRun.State
HTMX = {"HX-Request": "true"}
NOW = timezone.now()
PACKING = {
    "stage": "pack",
    "source": "pacsdata",
    "done_bytes": 1_200_000_000,
    "total_bytes": 4_600_000_000,
    "done_items": 1200,
    "total_items": 9000,
    "rate": 84_000_000.0,
    "seconds_left": 130.0,
}


def make_run(state=State.RUNNING, *, age=0, **fields) -> BackupRun:
    """A run whose progress was written ``age`` seconds ago."""
    at = timezone.now() - timedelta(seconds=age)
    progress = {**PACKING, "at": at.isoformat(), **fields.pop("progress", {})}
    given = {"trigger": "screen", "started_at": at, "heartbeat_at": at, **fields}
    return BackupRun.objects.create(state=state, progress=progress, **given)


@pytest.fixture
def owner(client, db, pages):
    user = make_user(username="muster", language="en")
    client.force_login(user)
    return user


def url_of(run):
    return f"/backups/runs/{run.pk}/progress/"


def words(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


# --- the part that htmx fetches -------------------------------------------------------------------------------
def test_the_part_tells_stage_sizes_files_rate_time_left_and_log(client, owner):
    log = [{"at": NOW.isoformat(), "level": "info", "source": "", "code": "saved-cold", "params": {}}]
    run = make_run(log=log)
    text = words(client.get(url_of(run), headers=HTMX).text)
    expected = ("Packing", "PACS", "1.2 GB of 4.6 GB", "1,200 of 9,000 files", "84.0 MB/s", "about 3 min left")
    for part in (*expected, "Saved while the MariaDB server was stopped."):
        assert part in text, part


def test_the_part_polls_while_the_run_is_open_and_is_no_whole_page(client, owner):
    html = client.get(url_of(make_run()), headers=HTMX).text
    assert 'hx-trigger="every 2s"' in html
    assert "<html" not in html
    assert not re.search(r"\sstyle=|\son[a-z]+=|hx-on|js:", html)


@pytest.mark.parametrize("name", ["pacsdata", "pacsdata_2026-11-28-0519-2.tar.gz.0aa9df0aaf68.part"])
def test_a_file_in_the_making_bears_the_name_of_its_data(db, name):
    assert live_run(make_run(progress={"source": name}), timezone.now()).title == "PACS"


def test_where_a_stage_cannot_tell_the_time_left_the_last_job_does(db):
    ended = NOW - timedelta(hours=1)
    make_run(State.DONE, started_at=ended - timedelta(minutes=5), ended_at=ended)
    run = make_run(started_at=NOW - timedelta(minutes=2), progress={"seconds_left": None})
    assert live_run(run, NOW).seconds_left == 180
    assert live_run(run, NOW + timedelta(minutes=4)).seconds_left is None


def test_the_first_screen_says_how_many_jobs_wait_behind(client, owner):
    run = make_run()
    make_run(State.QUEUED)
    make_run(State.QUEUED)
    assert "2 more jobs wait for their turn" in words(client.get(url_of(run) + "?short=1", headers=HTMX).text)


def test_the_short_part_for_the_first_screen_has_no_log(client, owner):
    html = client.get(url_of(make_run()) + "?short=1", headers=HTMX).text
    assert "?short=1" in html
    assert "<h2>Log</h2>" not in html


@pytest.mark.parametrize("state", [State.DONE, State.FAILED, State.INTERRUPTED, State.BUSY])
def test_at_the_end_the_whole_page_is_loaded_anew(client, owner, state):
    answer = client.get(url_of(make_run(state)), headers=HTMX)
    assert (answer.status_code, answer.headers["HX-Refresh"], answer.content) == (200, "true", b"")


def test_whose_login_has_ended_gets_the_login_as_a_whole_page(client, owner):
    client.logout()
    answer = client.get(url_of(make_run()), headers=HTMX)
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (200, "true")
    assert client.get(url_of(make_run())).status_code == 302


def test_without_htmx_it_leads_to_the_page_of_the_run(client, owner):
    pages = {"backup": "/backups/backuprun/{}/change/", "restore": "/backups/restore/runs/{}/"}
    pages |= {"sqlcheck": "/backups/restore/sql/checks/{}/", "salvage": "/backups/salvage/runs/{}/"}
    for action, page in pages.items():
        run = make_run(action=action)
        assert client.get(url_of(run)).url == page.format(run.pk)


def test_a_reader_is_led_to_the_common_page_of_a_restore(client, owner):
    client.force_login(make_user("reader", second_factor=False))
    run = make_run(action="restore")
    assert client.get(url_of(run)).url == f"/backups/backuprun/{run.pk}/change/"


def test_nothing_can_be_cancelled_while_data_change_places(client, owner):
    request = {"archives": [], "with_safety_backup": True}
    for step, can_cancel in (("stage", True), ("swap", False)):
        run = make_run(action="restore", request=request, progress={"stage": step, "step": step})
        for url in (url_of(run), url_of(run) + "?short=1"):
            assert ("/cancel/" in client.get(url, headers=HTMX).text) is can_cancel


@pytest.mark.parametrize("url", ["/", "/backups/backuprun/{}/change/", "/backups/restore/runs/{}/"])
def test_pages_renew_themselves_also_without_javascript(client, owner, url):
    run = make_run(action="restore" if "restore" in url else "backup", request={"archives": []})
    html = client.get(url.format(run.pk)).text
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in html
    assert "htmx.min.js" in html
    assert html.count(f'hx-get="{url_of(run)}') == 1
    run.state = State.DONE
    run.save()
    html = client.get(url.format(run.pk)).text
    assert "http-equiv" not in html
    assert "htmx" not in html


# --- the facts ------------------------------------------------------------------------------------------------
def test_a_measurement_that_is_old_tells_no_rate_and_no_end(db):
    live = live_run(make_run(age=30), timezone.now())
    assert (live.rate, live.seconds_left, live.done_bytes) == (None, None, 1_200_000_000)


def test_the_time_left_goes_on_between_two_measurements(db):
    live = live_run(make_run(age=10), timezone.now())
    assert live.seconds_left == pytest.approx(120, abs=1)


def test_a_guess_that_was_too_small_is_no_total(db):
    live = live_run(make_run(progress={"total_bytes": 1000, "total_items": 10}), timezone.now())
    assert (live.total_bytes, live.total_items, live.total) == (None, None, None)


def test_the_last_run_like_it_tells_how_long_it_takes(db):
    request = {"sources": ["pacsdata"]}
    begun = NOW - timedelta(days=1)
    for other, seconds in ((request, 192), ({"sources": []}, 7)):
        make_run(State.DONE, request=other, started_at=begun, ended_at=begun + timedelta(seconds=seconds))
    assert live_run(make_run(request=request), timezone.now()).usual_seconds == 192


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "time left unknown"),
        (0, "about 10 s left"),
        (31, "about 40 s left"),
        (130, "about 3 min left"),
        (3599, "about 1 h 0 min left"),
        (7600, "about 2 h 10 min left"),
    ],
)
def test_the_time_left_in_words(seconds, text):
    with translation.override("en"):
        assert time_left(seconds) == text


# --- the sign of life -----------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_a_run_gives_signs_of_life_while_a_step_says_nothing(installation, monkeypatch):
    monkeypatch.setattr(life, "BEAT_SECONDS", 0.5)
    run = BackupRun.objects.create(trigger="screen")
    assert claim(run)
    with open_run(run, Recorder(run)) as context:
        context.job.enter("check", "elexisdb")
        told = run.heartbeat_at
        for _sign in range(2):  # while we wait, as for a CHECK TABLE or a sync
            told = wait_until(lambda last=told: heartbeat_after(run, last))
        run.state = State.DONE


def heartbeat_after(run, last):
    at = BackupRun.objects.get(pk=run.pk).heartbeat_at
    return at if at > last else None


@pytest.mark.django_db(transaction=True)
def test_who_is_dead_gives_no_sign_of_life_and_keeps_its_state(installation, monkeypatch):
    monkeypatch.setattr(life, "BEAT_SECONDS", 0.1)
    run = make_run(State.INTERRUPTED, age=60)
    before = run.heartbeat_at
    with life.beating(run):
        time.sleep(0.5)
    run.refresh_from_db()
    assert (run.heartbeat_at, run.state) == (before, State.INTERRUPTED)


def test_the_beat_is_far_quicker_than_what_counts_as_silence():
    assert life.BEAT_SECONDS < 10


def test_the_recorder_writes_rate_and_time_left_beside_the_progress(db, monkeypatch):
    monkeypatch.setattr(meter, "LEAST_SECONDS", 0.0)
    run = make_run()
    recorder = Recorder(run)
    for done in (0, 200, 400):
        recorder.progress(Progress("pack", "pacsdata", done, 1000))
        time.sleep(0.05)
    run.refresh_from_db()
    assert 0 < run.progress["rate"] < 200 / 0.05
    assert run.progress["seconds_left"] == pytest.approx(600 / run.progress["rate"])


def test_a_full_log_still_takes_what_went_wrong(db, monkeypatch):
    monkeypatch.setattr(runs, "MOST_LOG_LINES", 2)
    recorder = Recorder(make_run())
    for level in ("info", "info", "warning", "error"):
        recorder.say(level, Notice("unexpected", {"text": level}))
    assert [line["level"] for line in recorder.run.log] == ["info", "info", "error"]


@pytest.mark.django_db(transaction=True)
def test_a_folder_that_cannot_be_removed_undoes_nothing(installation, monkeypatch):
    run = BackupRun.objects.create(trigger="screen")
    assert claim(run)
    with monkeypatch.context() as patched, open_run(run, Recorder(run)) as context:
        patched.setattr(runs, "remove_tree", refuse)
        run.state = State.DONE
    run.refresh_from_db()
    assert (run.state, context.job.work_dir.exists()) == (State.DONE, True)


def refuse(folder, **_options):
    raise OSError(16, "Device or resource busy", str(folder))
