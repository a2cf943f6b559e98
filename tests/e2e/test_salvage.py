"""An owner opens a damaged archive, reads what may be missing, has it recovered and sees what came out."""

import shutil

import pytest
from playwright.sync_api import expect
from realsite import DATABASE, flip_bytes, point_settings_at, practice_server, run_sql

from backups import services
from backups.models import BackupArchive, BackupRun
from backups.services.runs import Recorder
from tests.e2e.conftest import NARROW, log_in, picture
from tests.people import make_user

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's fixture
]
NAME = "elexisdb_2020-01-02-0304.tar.gz"


@pytest.fixture(scope="module")
def damaged(tmp_path_factory):
    """A server died while it was writing, and one page of a table went bad."""
    archive = tmp_path_factory.mktemp("damaged") / NAME
    with practice_server(patients=30) as server:
        server.stop()
        server.start()
        run_sql(server, f"UPDATE {DATABASE}.laborwerte SET Resultat = 'x'")
        server.kill()
        flip_bytes(server.datadir / DATABASE / "laborwerte.ibd", 5 * 16384 + 200)
        shutil.make_archive(str(archive).removesuffix(".tar.gz"), "gztar", server.datadir)
        yield server, archive


@pytest.fixture
def archive(damaged, installation, settings):
    server, archive = damaged
    point_settings_at(server, settings)
    shutil.copy(archive, installation / "backup")
    settings.OOB_BACKUP_DIR = installation / "backup"
    services.sync_catalogue()
    found = BackupArchive.objects.get()
    carry_out("proof", {"archives": [NAME]})
    return found


def carry_out(action, request=None):
    from oobsite.accounts.actors import system_actor

    run = (
        services.create_run(system_actor(), action, BackupRun.Trigger.COMMAND, request)
        if request
        else BackupRun.objects.filter(action=action).latest()
    )
    services.carry_out(run, Recorder(run))
    return run


def test_what_can_be_read_is_recovered(page, live_server, archive, complaints):
    log_in(page, live_server, make_user(username="muster", first_name="Anna", last_name="Muster"))
    page.goto(f"{live_server.url}/backups/backuparchive/{archive.pk}/change/")
    picture(page, "salvage-archive")
    page.click("a[href$='/salvage/']")
    picture(page, "salvage-confirm")
    page.click("main form .btn.primary")
    page.wait_for_url("**/backups/salvage/runs/*/")
    expect(page.locator("[data-untouched=yes]")).to_be_visible()
    picture(page, "salvage-working")
    assert carry_out("salvage").state == "warnings"
    page.reload()
    expect(page.locator("[data-file]")).to_be_visible()
    expect(page.locator("tbody tr").first).to_contain_text("laborwerte")
    picture(page, "salvage-end")
    assert complaints == []


def test_the_pages_fit_a_phone(page, live_server, archive):
    log_in(page, live_server, make_user(username="muster"))
    run = carry_out("salvage", {"archives": [NAME]})
    page.set_viewport_size(NARROW)
    for path in (f"/backups/salvage/runs/{run.pk}/", f"/backups/archives/{archive.pk}/salvage/"):
        page.goto(live_server.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], path
        for button in page.locator("main .btn:not(.link)").all():
            assert button.bounding_box()["height"] >= 44, path
