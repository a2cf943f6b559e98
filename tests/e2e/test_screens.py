"""The screens in a real browser: what a user sees first, the phone, the dark, the Content-Security-Policy."""

import os
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from backups.models import BackupArchive, BackupRun, Source
from tests.e2e.conftest import NARROW, log_in
from tests.people import make_user

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's fixture
]


@pytest.fixture
def owner(transactional_db):
    """The migrated rows are gone after the first test with a live server: make what the screens need."""
    Source.objects.all().delete()
    Source.objects.create(name="elexisdb", title="Elexis", kind="mariadb", path="elexisdb")
    return make_user(username="muster", first_name="Anna", last_name="Muster")


@pytest.fixture
def archive(owner):
    now = timezone.now()
    run = BackupRun.objects.create(trigger="schedule", state="done", started_at=now, ended_at=now)
    archive = BackupArchive.objects.create(
        name="elexisdb_2026-11-24-0315.tar.gz",
        series="elexisdb",
        run=run,
        method="hot",
        taken_at=now - timedelta(hours=2.5),
        size=4_600_000_000,
        proof="proved",
        proved_at=now,
        manifest={"counts_after": {"core": {"kontakt": 12843, "behandlungen": 230120}}},
    )
    archive.path.touch()
    os.truncate(archive.path, archive.size)
    return archive


@pytest.fixture
def screen(page, live_server, owner):
    """A page after the login."""
    log_in(page, live_server, owner)
    return page


def pages_of(archive, owner):
    source = Source.objects.get()
    rows = {"backups/backuprun": archive.run, "backups/backuparchive": archive, "backups/source": source}
    for model, row in {**rows, "accounts/user": owner}.items():
        yield from (f"/{model}/", f"/{model}/{row.pk}/change/")
    yield from ("/", f"/backups/source/{source.pk}/history/", f"/backups/source/{source.pk}/delete/")
    yield from ("/backups/source/add/", "/accounts/user/add/")
    yield from (f"/accounts/{name}/" for name in ("password", "sessions", "recovery-codes", "second-factor/anew"))


def test_the_first_screen_says_that_there_is_no_backup(screen):
    verdict = screen.locator("[data-verdict]")
    expect(verdict).to_have_attribute("data-verdict", "empty")
    expect(verdict.locator("h1")).not_to_be_empty()


def test_back_up_now_orders_a_backup(screen, owner):
    screen.locator("[data-verdict] button").click()
    expect(screen.locator("[data-run=queued]")).to_be_visible()
    run = BackupRun.objects.get()
    assert (run.state, run.requested_by) == (BackupRun.State.QUEUED, owner)


def test_a_waiting_backup_can_be_cancelled(screen, owner):
    screen.locator("[data-verdict] button").click()
    screen.locator("[data-run] form button").click()
    expect(screen.locator("[data-run]")).to_have_count(0)
    assert BackupRun.objects.get().state == BackupRun.State.INTERRUPTED


def test_no_page_breaks_the_policy_or_misses_a_file(screen, live_server, archive, owner, complaints):
    for path in pages_of(archive, owner):
        screen.goto(live_server.url + path)
        assert complaints == [], path


def test_icons_are_drawn(screen):
    box = screen.locator(".side.wide .nav svg").first.evaluate("svg => svg.getBBox().width")
    assert box > 0


def test_no_page_is_wider_than_a_phone(screen, live_server, archive, owner):
    screen.set_viewport_size(NARROW)
    for path in pages_of(archive, owner):
        screen.goto(live_server.url + path)
        assert screen.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], path


def test_the_menu_of_the_phone_opens_without_script(browser, screen, live_server):
    context = browser.new_context(
        java_script_enabled=False, viewport=NARROW, storage_state=screen.context.storage_state()
    )
    phone = context.new_page()
    phone.goto(f"{live_server.url}/")
    link = phone.locator(".top a[href='/backups/source/']")
    expect(link).to_be_hidden()
    phone.locator(".top summary").click()
    expect(link).to_be_visible()
    link.click()
    phone.wait_for_url(f"{live_server.url}/backups/source/")
    context.close()


def test_buttons_of_the_phone_are_large_enough(screen, live_server, archive):
    screen.set_viewport_size(NARROW)
    for path in ("/", f"/backups/backuparchive/{archive.pk}/change/", "/backups/source/add/"):
        screen.goto(live_server.url + path)
        for button in screen.locator("main .btn, main input[type=submit]").all():
            assert button.bounding_box()["height"] >= 44, path


CONTRAST = """selector => [...document.querySelectorAll(selector)].filter(e => e.offsetParent).map(element => {
  const light = text => {
    const [r, g, b] = text.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
      .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let under = element;
  while (/rgba?\\(0, 0, 0, 0\\)/.test(getComputedStyle(under).backgroundColor)) under = under.parentElement;
  const [a, b] = [getComputedStyle(element).color, getComputedStyle(under).backgroundColor].map(light);
  return [element.textContent.trim().slice(0, 40), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
})"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read(screen, live_server, archive, scheme):
    screen.emulate_media(color_scheme=scheme)
    for path in ("/", "/backups/backuparchive/", f"/backups/backuparchive/{archive.pk}/change/"):
        screen.goto(live_server.url + path)
        contrasts = screen.evaluate(CONTRAST, "h1, h2, p, small, td, th, dt, dd, a, button, .tag, .btn")
        assert [item for item in contrasts if item[1] < 4.5] == [], path
