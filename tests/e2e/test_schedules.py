"""A schedule made in a real browser: what it means changes while one types."""

import pytest
from playwright.sync_api import expect

from backups.models import BackupSchedule, Source
from tests.e2e.conftest import NARROW, log_in
from tests.people import make_user

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's fixture
]
ADD = "/backups/backupschedule/add/"


@pytest.fixture
def screen(page, live_server, transactional_db):
    Source.objects.all().delete()
    Source.objects.create(name="elexisdb", title="Elexis", kind="mariadb", path="elexisdb")
    log_in(page, live_server, make_user(username="muster", first_name="Anna", last_name="Muster"))
    return page


@pytest.fixture
def form(screen, live_server):
    screen.goto(live_server.url + ADD)
    return screen


def test_the_sentence_and_the_dates_change_while_one_types(form, complaints):
    says = form.locator("#schedule-says")
    expect(says.locator("strong")).to_contain_text("03:15")
    form.fill("#id_hour", "5")
    expect(says.locator("strong")).to_contain_text("05:15")
    expect(says.locator("li")).to_have_count(5)
    expect(says.locator("li").first).to_contain_text("05:15")
    assert complaints == []


def test_an_error_comes_and_goes_at_its_field(form, complaints):
    form.fill("#id_day", "0")
    expect(form.locator("#error_day li")).to_contain_text("31")
    expect(form.locator("#schedule-says li")).to_have_count(0)
    form.fill("#id_day", "1")
    expect(form.locator("#error_day li")).to_have_count(0)
    assert complaints == []


def test_a_slip_is_said_while_one_types_and_saved_only_when_it_is_meant(form, live_server, complaints):
    box = form.locator("#id_is_meant")
    expect(box).to_have_count(0)
    form.fill("#id_minute", "*")
    expect(form.locator("[data-reach=doubtful]")).to_contain_text("9")
    form.locator("[name=_save]").click()
    expect(form.locator("#schedule-keeps .errorlist")).to_have_count(1)
    assert not BackupSchedule.objects.exists()
    box.check()
    form.fill("#id_keep_generations", "11")
    expect(form.locator("[data-reach=doubtful]")).to_contain_text("10")
    expect(box).to_be_checked()
    form.locator("[name=_save]").click()
    form.wait_for_url(f"{live_server.url}/backups/backupschedule/")
    assert (BackupSchedule.objects.get().minute, complaints) == ("*", [])


def test_a_preset_fills_the_fields_in_place(form, complaints):
    form.fill("#id_name", "Mein Plan")
    form.locator(".chip").nth(1).click()
    expect(form.locator("#id_weekday")).to_have_value("1-5")
    expect(form.locator("#schedule-says strong")).to_contain_text("Montag bis Freitag")
    expect(form.locator(".chip[aria-current]")).to_have_count(1)
    assert (form.input_value("#id_name"), complaints) == ("Mein Plan", [])


def test_a_name_that_nobody_typed_goes_with_the_preset(form):
    form.locator(".chip").nth(2).click()
    expect(form.locator("#id_name")).to_have_value("Alle sechs Stunden")


def test_a_schedule_is_made_and_listed(form, live_server):
    form.fill("#id_name", "Werktags")
    form.locator(".chip").nth(1).click()
    form.locator("[name=_save]").click()
    form.wait_for_url(f"{live_server.url}/backups/backupschedule/")
    expect(form.locator("#result_list")).to_contain_text("Montag bis Freitag")
    assert str(BackupSchedule.objects.get().cron) == "15 3 * * 1-5"


def test_the_first_screen_offers_the_usual_one(screen, live_server):
    screen.locator("[data-schedules=none] button").click()
    screen.wait_for_url("**/change/")
    schedule = BackupSchedule.objects.get()
    screen.goto(f"{live_server.url}/")
    expect(screen.locator("[data-schedules]")).to_have_count(0)
    assert (str(schedule.cron), schedule.is_active) == ("15 3 * * *", True)


def test_presets_work_without_a_script(browser, screen, live_server):
    context = browser.new_context(java_script_enabled=False, storage_state=screen.context.storage_state())
    page = context.new_page()
    page.goto(live_server.url + ADD)
    page.locator(".chip").nth(2).click()
    expect(page.locator("#id_hour")).to_have_value("*/6")
    expect(page.locator("#schedule-says li")).to_have_count(5)
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_a_phone(form, live_server, scheme):
    form.emulate_media(color_scheme=scheme)
    schedule = BackupSchedule.objects.create(name="Jede Nacht")
    form.set_viewport_size(NARROW)
    for path in (ADD, "/backups/backupschedule/", f"/backups/backupschedule/{schedule.pk}/change/"):
        form.goto(live_server.url + path)
        assert form.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], path
