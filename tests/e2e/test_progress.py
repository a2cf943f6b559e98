"""A real backup and the pages that show it, in a real browser: they move by themselves, and end by themselves."""

from __future__ import annotations

import contextlib
import os

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from backups import services
from backups.domain import job
from backups.models import BackupRun, Source
from backups.services.request import Request
from backups.services.runs import Recorder
from oobsite.accounts.actors import system_actor
from tests.e2e.conftest import log_in, picture
from tests.people import make_user

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's fixture
]
State = BackupRun.State


@pytest.fixture
def pacs(installation):
    """The only source: images, and many small files."""
    folder = installation / "mnt" / "pacsdata"
    folder.mkdir()
    for number in range(2000):
        (folder / f"report-{number}.txt").write_text(f"report {number}")
    (folder / "images").write_bytes(os.urandom(40_000_000))
    Source.objects.all().delete()
    Source.objects.create(name="pacsdata", title="PACS", path="pacsdata")
    return folder


@pytest.fixture
def owner(transactional_db):
    return make_user(username="muster", first_name="Anna", last_name="Muster")


@pytest.fixture
def screen(page, live_server, owner):
    log_in(page, live_server, owner)
    return page


def order():
    return services.create_run(system_actor(), "backup", BackupRun.Trigger.COMMAND, Request().to_json())


def test_a_backup_moves_on_its_page_which_ends_by_itself(screen, live_server, pacs, complaints, monkeypatch):
    monkeypatch.setattr(job, "_REPORT_SECONDS", 0.0)  # the page shows what the run says, however quick it is
    first = order()
    services.carry_out(first, Recorder(first))
    run, seen = order(), []
    screen.goto(f"{live_server.url}/backups/backuprun/{run.pk}/change/")
    expect(screen.locator("[data-run=queued]")).to_be_visible()

    def look(progress):
        if progress.stage == "pack" and len(seen) < 3 and progress.done_bytes > max(seen, default=0):
            expect(screen.locator("[data-run] progress")).to_have_attribute("value", str(progress.done_bytes))
            seen.append(float(screen.get_attribute("[data-run] progress", "value")))
            picture(screen, "run")

    services.carry_out(run, Recorder(run, on_progress=look))
    expect(screen.locator("[data-run=done]")).to_be_visible()
    assert seen == sorted(set(seen))
    assert len(seen) == 3
    assert complaints == []
    picture(screen, "run-end")


def working(**progress):
    given = {"stage": "pack", "source": "pacsdata", "done_bytes": 10, "total_bytes": 1000, **progress}
    now = timezone.now()
    return BackupRun.objects.create(
        trigger="screen", state=State.RUNNING, started_at=now, heartbeat_at=now, progress=given
    )


def move(run, done):
    run.progress |= {"done_bytes": done, "rate": 84e6, "seconds_left": 130.0, "at": timezone.now().isoformat()}
    run.save()


def test_the_first_screen_moves_and_shows_the_end_by_itself(screen, live_server, pacs, complaints):
    run = working()
    screen.goto(live_server.url)
    move(run, 400)
    expect(screen.locator("[data-run] progress")).to_have_attribute("value", "400")
    picture(screen, "first")
    run.state, run.ended_at = State.DONE, timezone.now()
    run.save()
    expect(screen.locator("[data-run]")).to_have_count(0)
    assert complaints == []


def test_the_cancel_button_stays_the_same_while_the_page_moves(screen, live_server, pacs):
    run = working()
    screen.goto(live_server.url)
    screen.locator("[data-run] form button").evaluate("button => { button.seen = true; button.focus(); }")
    move(run, 700)
    expect(screen.locator("[data-run] progress")).to_have_attribute("value", "700")
    button = screen.locator("[data-run] form button")
    assert button.evaluate("button => button.seen")
    button.click()
    screen.wait_for_url(f"{live_server.url}/")
    run.refresh_from_db()
    assert run.is_cancel_requested


def test_an_ended_login_leads_to_the_login_page(screen, live_server, pacs):
    working()
    screen.goto(live_server.url)
    screen.context.clear_cookies()
    screen.wait_for_url("**/accounts/login/**")
    expect(screen.locator("#login-form")).to_be_visible()


def test_without_javascript_the_page_loads_itself_anew(browser, screen, live_server, pacs):
    run = working()
    context = browser.new_context(java_script_enabled=False, storage_state=screen.context.storage_state())
    with contextlib.closing(context):
        plain = context.new_page()
        plain.goto(live_server.url)
        move(run, 500)
        expect(plain.locator("[data-run] progress")).to_have_attribute("value", "500")
