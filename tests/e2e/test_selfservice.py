"""From the file of Webelexis into the form, through the preview and the diff, back into the file: a real browser."""

import pytest
from playwright.sync_api import expect
from selfservicesite import PASSWORD, SETTINGS, webelexis  # noqa: F401 - a fixture
from webelexisserver import NEW, webelexis_server

from selfservice import jobs
from selfservice.models import SelfServiceSettings, SettingsVersion
from tests.answering import answering  # noqa: F401 - a fixture
from tests.e2e.conftest import log_in
from tests.people import make_user

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("webelexis", "answering"),
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's fixture
]


@pytest.fixture
def screen(page, live_server, transactional_db, webelexis):  # noqa: F811
    """The page of appointments, after the login."""
    log_in(page, live_server, make_user(username="muster", language="en"))
    page.goto(f"{live_server.url}/selfservice/selfservicesettings/1/change/")
    return page


def work(screen) -> None:
    """What the worker does, just after the page has asked what came of it: they share one database in memory."""
    with screen.expect_response("**/state/*"):
        pass
    jobs.write(SettingsVersion.objects.get(state="pending").pk)


def test_from_the_file_to_the_file(screen, webelexis, complaints):  # noqa: F811
    screen.fill("[name=name]", "Praxis am Rhein")
    expect(screen.locator("#preview strong").first).to_have_text("Praxis am Rhein")
    screen.fill("[name=confirmation]", "Bis {*}!")
    expect(screen.locator("#preview")).to_contain_text("Bis Montag, ")
    screen.click("[name=_save]")
    expect(screen.locator("pre.diff .new").first).to_contain_text("+    sitename: 'Praxis am Rhein'")
    assert PASSWORD not in screen.content()
    assert webelexis.read_text() == SETTINGS
    screen.click("#change .primary")
    work(screen)
    expect(screen.locator("[data-version=written]")).to_be_visible()  # comes by itself
    expect(screen.locator("#versions")).to_have_count(1)
    assert "sitename: 'Praxis am Rhein'" in webelexis.read_text()
    assert SelfServiceSettings.load().expressions == {"user": "process.env.SMTPUSER"}
    assert complaints == []


def test_back_and_compare(screen, webelexis, complaints):  # noqa: F811
    screen.fill("[name=name]", "Praxis am Rhein")
    screen.click("[name=_save]")
    screen.click("#change .primary")
    work(screen)
    screen.reload()
    screen.click("[form=compare][type=submit]")
    expect(screen.locator("pre.diff .gone")).to_contain_text("-    sitename: 'Praxis Dr. Müller'")
    screen.go_back()
    screen.click("#versions .link")
    expect(screen.locator("pre.diff .gone")).to_contain_text("Praxis am Rhein")
    screen.click("#change .primary")
    work(screen)
    screen.reload()
    assert webelexis.read_text() == SETTINGS
    assert screen.input_value("[name=name]") == "Praxis Dr. Müller"
    assert complaints == []


def test_which_webelexis_comes_after_the_page(screen, settings, complaints):
    screen.wait_for_load_state("networkidle")
    with webelexis_server(NEW) as settings.OOB_WEBELEXIS_URL:
        screen.reload()
        expect(screen.locator("#state #installed")).to_contain_text("it answers as Webelexis 3.7 and newer does")
    expect(screen.locator("#installed")).to_have_count(1)
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_phone(screen, scheme):
    screen.emulate_media(color_scheme=scheme)
    screen.set_viewport_size({"width": 390, "height": 844})
    width = screen.evaluate("document.documentElement.scrollWidth")
    assert width <= 390


def test_fields_side_by_side_stand_on_one_line(page, live_server, transactional_db):
    """Also when the label of one needs two lines, as in German."""
    log_in(page, live_server, make_user(username="muster", language="de"))
    page.goto(f"{live_server.url}/selfservice/selfservicesettings/1/change/")
    pairs = [("duration_minutes", "daily_maximum"), ("agenda_area", "appointment_type"), ("host", "port")]
    for left, right in pairs:
        tops = [page.locator(f"[name={name}]").bounding_box()["y"] for name in (left, right)]
        assert tops[0] == tops[1], left
