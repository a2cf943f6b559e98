"""An owner restores a moment in a real browser, on a real server with a folder beside it, and puts it back."""

import contextlib

import pytest
from playwright.sync_api import expect
from realsite import DATABASE, point_settings_at, run_sql
from restarting import restarting_server

from backups import services
from backups.domain.restore.stage import list_restores
from backups.domain.restore.undo import release
from backups.models import BackupArchive, BackupRun, Source
from backups.services.request import Request
from backups.services.runs import Recorder
from demo.practice import build_database
from oobsite.accounts.actors import system_actor
from tests.answering import answering  # noqa: F401 - a fixture
from tests.e2e.conftest import NARROW, log_in, picture
from tests.people import make_user

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("answering"),
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's fixture
]


@pytest.fixture(scope="module")
def restarting():
    """A server with a small practice on it."""
    with restarting_server() as server:
        with contextlib.closing(server.connect()) as conn:
            build_database(conn, patients=30, database=DATABASE)
        yield server


@pytest.fixture
def webelexis(restarting):
    """A folder beside that of the database; what the restores of a test have kept is gone afterwards."""
    folder = restarting.datadir.parent / "webelexisdata"
    folder.mkdir(exist_ok=True)
    (folder / "settings.js").write_text("then")
    yield folder
    for target in (restarting.datadir, folder):
        for journal in list_restores(target):
            release(target, journal.id)


@pytest.fixture
def site(restarting, webelexis, installation, settings):
    point_settings_at(restarting.practice, settings)
    settings.DBNAME = DATABASE
    Source.objects.all().delete()
    Source.objects.create(name="elexisdb", title="Elexis", kind="mariadb", path="elexisdb")
    Source.objects.create(name="webelexisdata", title="Webelexis", path="webelexisdata")
    return installation


@pytest.fixture
def moment(site, restarting, webelexis):
    """A backup of both, after which both have changed."""
    run_sql(restarting.practice, f"DELETE FROM {DATABASE}.innodb_rows")
    run = services.create_run(system_actor(), "backup", BackupRun.Trigger.COMMAND, Request().to_json())
    services.carry_out(run, Recorder(run))
    run.refresh_from_db()
    assert run.state == BackupRun.State.DONE, run.log
    (webelexis / "settings.js").write_text("now")
    run_sql(
        restarting.practice,
        f"INSERT INTO {DATABASE}.innodb_rows VALUES (7)",
        f"INSERT INTO {DATABASE}.behandlungen (id, deleted, Datum) VALUES (UUID_SHORT(), '0', '20991231')",
        "COMMIT",
    )
    return run.stamp


@pytest.fixture
def screen(page, live_server, site):
    log_in(page, live_server, make_user(username="muster", first_name="Anna", last_name="Muster"))
    return page


def has_row(restarting):
    restarting.wait()
    return 7 in restarting.rows("InnoDB")


def carry_out(screen, stage, name):
    """Do the ordered run; returns whether its page called the data untouched at ``stage``."""
    run, seen = BackupRun.objects.latest(), []

    def look(progress):
        if progress.stage == stage and not seen:
            screen.reload()
            seen.append(screen.get_attribute("[data-untouched]", "data-untouched"))
            picture(screen, name)

    services.carry_out(run, Recorder(run, on_progress=look))
    run.refresh_from_db()
    assert run.state == BackupRun.State.DONE, run.log
    expect(screen.locator("[data-run=done]")).to_be_visible()  # by itself
    return seen[0]


def test_a_changed_choice_is_not_confirmed_before_it_is_taken(screen, moment, complaints):
    screen.goto(screen.url + f"backups/restore/moments/{moment}/")
    button, hint = screen.locator("#restore-form .btn.danger"), screen.locator("#choice-changed")
    screen.check("[name=folders]")
    screen.fill("[name=confirmation]", DATABASE)
    screen.uncheck("#source-webelexisdata")
    expect(button).to_be_disabled()
    expect(hint).to_be_visible()
    screen.press("[name=confirmation]", "Enter")
    screen.click(".choice button")
    expect(screen.locator("#restore-form [name=source]")).to_have_value("elexisdb")
    expect(button).to_be_enabled()
    expect(hint).to_be_hidden()
    assert not BackupRun.objects.filter(action="restore").exists()
    assert complaints == []


def test_a_moment_is_restored_and_put_back(screen, live_server, moment, restarting, webelexis, complaints):
    screen.locator(".side.wide a[href='/backups/restore/']").click()
    picture(screen, "list")
    screen.locator(f"a[href*='{moment}']").click()
    expect(screen.locator(".losses .loss")).to_have_text("1")
    expect(screen.locator("#restore-form .btn.danger")).to_have_css("opacity", "0.45")
    picture(screen, "confirm")
    screen.check("[name=folders]")
    screen.fill("[name=confirmation]", DATABASE)
    expect(screen.locator("#restore-form .btn.danger")).to_have_css("opacity", "1")
    screen.click("#restore-form .btn.danger")
    screen.wait_for_url("**/backups/restore/runs/*/")
    assert carry_out(screen, "stage", "progress") == "yes"
    picture(screen, "end")
    assert (has_row(restarting), (webelexis / "settings.js").read_text()) == (False, "then")
    assert BackupArchive.objects.filter(is_safety=True).count() == 2

    screen.click("[data-kept] a")
    screen.check("[name=folders]")
    picture(screen, "undo")
    screen.fill("[name=confirmation]", screen.get_attribute("[name=confirmation]", "title"))
    screen.click("#undo-form .btn.danger")
    screen.wait_for_url("**/backups/restore/runs/*/")
    assert carry_out(screen, "swap", "undoing") == "no"
    picture(screen, "undone")
    assert (has_row(restarting), (webelexis / "settings.js").read_text()) == (True, "now")
    assert complaints == []


def test_who_is_connected_must_be_agreed_to(screen, live_server, moment, restarting):
    with contextlib.closing(restarting.connect()):
        screen.goto(f"{live_server.url}/backups/restore/moments/{moment}/?source=elexisdb")
        expect(screen.locator("[name=folders]")).to_have_count(0)
        picture(screen, "clients")
        screen.fill("[name=confirmation]", DATABASE)
        screen.click("#restore-form .btn.danger")
        assert screen.evaluate("document.activeElement.name") == "clients"
    assert not BackupRun.objects.filter(action="restore").exists()


def test_pages_fit_a_phone(screen, live_server, moment):
    screen.set_viewport_size(NARROW)
    for path in (f"/backups/restore/moments/{moment}/", "/backups/restore/"):
        screen.goto(live_server.url + path)
        assert screen.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], path
        for table in screen.locator("main table").all():
            assert table.evaluate("t => t.scrollWidth <= t.closest('.card').clientWidth - 10"), path
        for button in screen.locator("main .btn:visible").all():
            assert button.bounding_box()["height"] >= 44, path
