"""From the set-up link to the first screen, and every later login, in a real browser."""

from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from oobsite.accounts.models import User
from oobsite.accounts.setup import create_setup_link
from oobsite.keys import create_field_keys
from tests.e2e.conftest import log_in
from tests.people import PASSWORD, code, code_of, make_user, recovery_codes

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's fixture
]
DESKTOP = {"width": 1280, "height": 900}


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.OOB_DATA_DIR = tmp_path
    create_field_keys(tmp_path)
    return tmp_path


def give_password(page, live_server, password=PASSWORD, name="owner"):
    page.goto(f"{live_server.url}/accounts/login/")
    page.fill("[name=login]", name)
    page.fill("[name=password]", password)
    page.click("#login-form button")


def give_code(page, text):
    page.fill("[name=code]", text)
    page.click("#code-form button")


def test_from_the_link_to_the_first_screen_and_in_again(page, live_server, data_dir, complaints):
    now: datetime = timezone.now()
    page.goto(live_server.url + urlsplit(create_setup_link(Path(data_dir), now)).path)
    for field, text in {
        "name": "Dr. Anna Muster",
        "username": "owner",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }.items():
        page.fill(f"[name={field}]", text)
    page.click("#setup-form button")
    expect(page.locator("img.qr")).to_be_visible()
    assert page.locator("img.qr").evaluate("image => image.naturalWidth") > 0
    page.click("details summary")
    secret = page.locator("[data-secret]").inner_text()
    page.fill("[name=code]", code_of(secret))
    page.click("#totp-form button")
    expect(page.locator("[data-codes] li")).to_have_count(10)
    page.click("a.btn.primary")
    page.wait_for_url(f"{live_server.url}/")
    expect(page.locator("[data-verdict]")).to_be_visible()
    page.click(".side.wide .who button")
    give_password(page, live_server)
    give_code(page, code(User.objects.get(), later=1))
    page.wait_for_url(f"{live_server.url}/")
    assert complaints == []


def test_a_recovery_code_opens_once(page, live_server, complaints):
    spare = recovery_codes(make_user())[3]
    give_password(page, live_server)
    give_code(page, spare)
    page.wait_for_url(f"{live_server.url}/")
    page.click(".side.wide .who button")
    give_password(page, live_server)
    give_code(page, spare)
    expect(page.locator("ul.errorlist")).to_be_visible()
    assert complaints == []


def test_five_failures_lock_the_right_password_out(page, live_server):
    make_user()
    for _ in range(5):
        give_password(page, live_server, password="falsch")
    give_password(page, live_server)
    expect(page.locator(".alert.bad")).to_contain_text("15")
    assert urlsplit(page.url).path == "/accounts/login/"


def test_a_session_is_ended_from_another_browser(page, browser, live_server, complaints):
    user = make_user()
    log_in(page, live_server, user)
    context = browser.new_context(viewport=DESKTOP)
    other = context.new_page()
    give_password(other, live_server)
    give_code(other, code(user, later=1))
    other.wait_for_url(f"{live_server.url}/")
    page.goto(f"{live_server.url}/accounts/sessions/")
    page.click("[data-session=other] button")
    expect(page.locator("[data-session]")).to_have_count(1)
    other.reload()
    assert urlsplit(other.url).path == "/accounts/login/"
    context.close()
    assert complaints == []


def test_without_a_second_factor_only_its_setup_is_there(page, live_server, complaints):
    make_user("care", second_factor=False)
    give_password(page, live_server, name="care")
    expect(page.locator("#totp-form")).to_be_visible()
    page.goto(f"{live_server.url}/backups/source/")
    expect(page.locator("#totp-form")).to_be_visible()
    assert complaints == []
