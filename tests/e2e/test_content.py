"""An owner looks into a backup in a real browser, takes a file out of it, and has one restored beside the present."""

import os
import zipfile

import pytest
from playwright.sync_api import expect

from backups import services
from backups.models import BackupArchive, BackupRun, Source
from backups.services.request import Request
from backups.services.runs import Recorder
from oobsite.accounts.actors import system_actor
from tests.e2e.conftest import NARROW, log_in, picture
from tests.people import make_user

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's fixture
]
HOSTILE = "<img src=x onerror=alert(1)>.pdf"


@pytest.fixture
def letters(installation):
    """A folder with letters, which was backed up and has changed since."""
    folder = installation / "mnt" / "webelexisdata"
    (folder / "Briefe" / "2026").mkdir(parents=True)
    for name in ("Zuweisung Muster.pdf", "Rechnung 4711.pdf", HOSTILE, os.fsdecode(b"M\xfcller.txt"), "שלום.txt"):
        (folder / "Briefe" / name).write_bytes(os.urandom(30_000))
    (folder / "Briefe" / "2026" / "Bericht.docx").write_bytes(b"then" * 1000)
    (folder / "Briefe" / "Vorlage").symlink_to("2026")
    (folder / "settings.js").write_text("then")
    Source.objects.all().delete()
    Source.objects.create(name="webelexisdata", title="Webelexis", path="webelexisdata")
    run = services.create_run(system_actor(), "backup", BackupRun.Trigger.COMMAND, Request().to_json())
    services.carry_out(run, Recorder(run))
    (folder / "settings.js").write_text("now")
    return folder


@pytest.fixture
def screen(page, live_server, letters):
    log_in(page, live_server, make_user(username="muster", first_name="Anna", last_name="Muster"))
    page.goto(f"{live_server.url}/backups/backuparchive/{BackupArchive.objects.get().pk}/change/")
    return page


def download(screen, selector):
    with screen.expect_download() as waiting:
        screen.click(selector)
    return waiting.value


def test_a_file_is_found_and_downloaded(screen, letters, complaints):
    picture(screen, "archive")
    screen.click(".head .tools a[href$='/content/']")
    picture(screen, "top")
    screen.click("td.name a:has-text('Briefe')")
    expect(screen.locator("td.name", has_text=HOSTILE)).to_have_count(1)
    picture(screen, "folder")
    file = download(screen, "td.name a:has-text('Rechnung 4711.pdf')")
    assert file.suggested_filename == "Rechnung 4711.pdf"
    assert file.path().read_bytes() == (letters / "Briefe" / "Rechnung 4711.pdf").read_bytes()
    screen.fill("[name=q]", "bericht")
    screen.press("[name=q]", "Enter")
    expect(screen.locator("td.name")).to_have_count(1)
    picture(screen, "found")
    assert complaints == []


def test_what_is_ticked_comes_as_one_file(screen):
    screen.click(".head .tools a[href$='/content/']")
    screen.check("[name=path][value=Briefe]")
    file = download(screen, "button[value=zip]")
    assert file.suggested_filename.endswith(" Briefe.zip")
    with zipfile.ZipFile(file.path()) as sent:
        assert sent.read("Briefe/2026/Bericht.docx") == b"then" * 1000


def test_a_file_is_restored_beside_the_present_one(screen, letters, complaints):
    screen.click(".head .tools a[href$='/content/']")
    screen.check("[name=path][value='settings.js']")
    screen.click("button[formaction]")
    picture(screen, "confirm")
    screen.click("[name=confirmed]")
    screen.wait_for_url("**/backups/backuprun/*/change/")
    run = BackupRun.objects.latest()
    services.carry_out(run, Recorder(run))
    screen.reload()
    picture(screen, "restored")
    (restored,) = letters.glob("settings (restored *).js")
    expect(screen.locator(".written li")).to_have_text(restored.name)
    assert (restored.read_text(), (letters / "settings.js").read_text()) == ("then", "now")
    assert complaints == []


def test_pages_fit_a_phone(screen):
    screen.set_viewport_size(NARROW)
    screen.click(".head .tools a[href$='/content/']")
    screen.click("td.name a:has-text('Briefe')")
    assert screen.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    for button in screen.locator("main .btn").all():
        assert button.bounding_box()["height"] >= 44
