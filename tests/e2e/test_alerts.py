"""Somebody becomes a recipient, tries it, and sees what goes wrong: a real browser and a real mail server."""

import pytest
from playwright.sync_api import expect

from oobsite.alerts import raise_alert
from oobsite.alerts.models import AlertChannel, MailSettings
from tests.e2e.conftest import log_in
from tests.messaging import mail_server
from tests.people import make_user

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's fixture
]


@pytest.fixture
def screen(page, live_server, transactional_db):
    """The list of alerts, after the login."""
    log_in(page, live_server, make_user(username="muster"))
    page.goto(f"{live_server.url}/alerts/alert/")
    return page


def test_from_nobody_to_a_mail_that_arrives(screen, live_server, complaints):
    with mail_server() as box:
        screen.goto(f"{live_server.url}/alerts/mailsettings/")
        screen.fill("[name=host]", "127.0.0.1")
        screen.fill("[name=port]", str(box.port))
        screen.select_option("[name=security]", "none")
        screen.click("[name=_save]")
        screen.click(".tools .primary")
        screen.fill("[name=name]", "Praxis")
        screen.fill("[name=addresses]", "praxis@example.ch")
        screen.click("[name=_save]")
        screen.goto(f"{live_server.url}/alerts/alert/")
        screen.locator("td.end button").click()
        expect(screen.locator(".messagelist .success")).to_be_visible()
    assert [mail["To"] for mail in box.mails] == ["praxis@example.ch"]
    assert complaints == []


def test_a_test_that_fails_says_so_beside_the_button(screen, live_server):
    MailSettings.objects.create(pk=MailSettings.PK, host="127.0.0.1", port=1, security="none")
    AlertChannel.objects.create(name="Praxis", addresses="praxis@example.ch")
    screen.reload()
    screen.locator("td.end button").click()
    expect(screen.locator(".messagelist .error")).to_contain_text("127.0.0.1:1")
    screen.goto(f"{live_server.url}/")
    expect(screen.locator("[data-alerts=bad]")).to_contain_text("127.0.0.1:1")


def test_an_alert_is_marked_as_done(screen, live_server):
    raise_alert("backup", code="run-failed", params={"action": "backup"})
    screen.goto(f"{live_server.url}/")
    screen.locator("[data-alerts] li a").first.click()
    screen.locator(".head form button").click()
    expect(screen.locator(".messagelist .success")).to_be_visible()
    expect(screen.locator("#result_list .tag.good")).to_be_visible()


def test_the_phone_shows_everything_without_sideways(screen):
    AlertChannel.objects.create(name="Praxis mit einem langen Namen", addresses="praxis@example.ch")
    raise_alert("backup", code="run-partial", params={"action": "backup"})
    screen.set_viewport_size({"width": 390, "height": 800})
    screen.reload()
    assert screen.evaluate("document.documentElement.scrollWidth") == 390
