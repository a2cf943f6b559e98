"""An owner uploads an SQL file in a real browser, has it checked, restores it on a real server, and puts it back."""

import contextlib
import os
import shutil

import pytest
from playwright.sync_api import expect
from realsite import DATABASE, point_settings_at, run_sql
from sqlsite import dump, sql_server

from backups import services
from backups.domain.mariadb.server import rows
from backups.models import BackupArchive, BackupRun, Source, SqlFile
from backups.services import sqlkept
from backups.services.runs import Recorder
from demo.practice import build_database
from oobsite.errors import OobError
from tests.answering import answering  # noqa: F401 - a fixture
from tests.e2e.conftest import NARROW, log_in, picture
from tests.people import make_user

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("answering"),
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's fixture
]
LOST = f"INSERT INTO {DATABASE}.behandlungen (id, deleted, Datum) VALUES (UUID_SHORT(), '0', '20991231')"


@pytest.fixture(scope="module")
def server():
    """A server with a small practice on it."""
    with sql_server() as server:
        run_sql(server, f"DROP DATABASE {DATABASE}")
        with contextlib.closing(server.connect()) as conn:
            build_database(conn, patients=30, database=DATABASE)
        yield server


@pytest.fixture
def site(server, installation, settings):
    point_settings_at(server, settings)
    settings.OOB_DATA_DIR = installation / "data"
    Source.objects.all().delete()
    Source.objects.create(name="elexisdb", title="Elexis", kind="mariadb", path="elexisdb")
    yield installation
    for file in sqlkept.read_sql_kept():
        sqlkept.release_sql(file)


@pytest.fixture
def sql_file(server, tmp_path):
    """A dump after which one consultation has come."""
    run_sql(server, f"DELETE FROM {DATABASE}.behandlungen WHERE Datum = '20991231'")
    path = tmp_path / "elexis-export.sql"
    path.write_bytes(dump(server))
    run_sql(server, LOST)
    return path


@pytest.fixture
def screen(page, live_server, site):
    log_in(page, live_server, make_user(username="muster", first_name="Anna", last_name="Muster"))
    page.goto(f"{live_server.url}/backups/restore/")
    return page


def count_lost(server):
    with contextlib.closing(server.connect(DATABASE)) as conn:
        return rows(conn, "SELECT COUNT(*) FROM behandlungen WHERE Datum = '20991231'")[0][0]


def carry_out(screen):
    """Do the ordered run and wait for its end on the page; the practice's event makes a remark."""
    run = BackupRun.objects.latest()
    services.carry_out(run, Recorder(run))
    run.refresh_from_db()
    assert run.state in ("done", "warnings"), run.log
    wait_for_end(screen, run.state)


def wait_for_end(screen, state):
    """The page finds out by itself."""
    expect(screen.locator(f"[data-run={state}]")).to_be_visible()


def upload_and_check(screen, path):
    screen.set_input_files("#sql-upload-file", path)
    screen.click("#sql-upload [data-part=start]")
    screen.wait_for_url("**/backups/restore/sql/checks/*/")
    expect(screen.locator("[data-untouched=yes]")).to_be_visible()
    picture(screen, "sql-checking")
    carry_out(screen)
    picture(screen, "sql-checked")


def test_an_uploaded_file_is_checked_restored_and_put_back(screen, server, sql_file, complaints):
    upload_and_check(screen, sql_file)
    expect(screen.locator(".losses .loss")).to_have_text("1")
    screen.locator(".verdict a.btn.primary").click()
    picture(screen, "sql-confirm")
    screen.fill("[name=confirmation]", DATABASE)
    screen.click("#restore-form .btn.danger")
    screen.wait_for_url("**/backups/restore/runs/*/")
    picture(screen, "sql-queued")
    carry_out(screen)
    picture(screen, "sql-end")
    assert count_lost(server) == 0
    assert BackupArchive.objects.filter(is_safety=True).count() == 1

    screen.locator("[data-kept] a[href*=kept]").first.click()
    screen.fill("[name=confirmation]", screen.get_attribute("[name=confirmation]", "title"))
    screen.click("#undo-form .btn.danger")
    screen.wait_for_url("**/backups/restore/runs/*/")
    carry_out(screen)
    assert count_lost(server) == 1
    assert complaints == []


def test_a_file_without_its_end_is_restored_only_knowingly(screen, server, sql_file, site):
    lines = [line for line in sql_file.read_bytes().splitlines(True) if not line.startswith(b"-- Dump completed")]
    (site / "backup" / "short.sql").write_bytes(b"".join(lines))
    screen.reload()
    screen.locator(".files li", has_text="short.sql").locator("button").first.click()
    carry_out(screen)
    screen.locator(".verdict a.btn.primary").click()
    screen.fill("[name=confirmation]", DATABASE)
    screen.click("#restore-form .btn.danger")
    assert screen.evaluate("document.activeElement.name") == "unfinished"
    screen.check("[name=unfinished]")
    screen.click("#restore-form .btn.danger")
    screen.wait_for_url("**/backups/restore/runs/*/")
    carry_out(screen)
    assert count_lost(server) == 0


def test_a_file_that_is_no_dump_ends_in_its_sentence(screen, tmp_path):
    (tmp_path / "page.sql").write_text("<!DOCTYPE html><title>Login</title>")
    screen.set_input_files("#sql-upload-file", tmp_path / "page.sql")
    screen.click("#sql-upload [data-part=start]")
    screen.wait_for_url("**/backups/restore/sql/checks/*/")
    run = BackupRun.objects.latest()
    with contextlib.suppress(OobError):
        services.carry_out(run, Recorder(run))
    wait_for_end(screen, "failed")
    expect(screen.locator(".verdict.bad")).to_be_visible()
    picture(screen, "sql-refused")


def test_a_file_is_deleted_behind_a_second_click(screen, sql_file):
    screen.set_input_files("#sql-upload-file", sql_file)
    screen.click("#sql-upload [data-part=start]")
    screen.wait_for_url("**/backups/restore/sql/checks/*/")
    BackupRun.objects.update(state="interrupted")
    screen.locator(".crumbs a").last.click()
    picture(screen, "sql-list")
    expect(screen.locator(".files .btn.danger")).to_be_hidden()
    screen.locator(".files summary").first.click()
    screen.locator(".files .btn.danger").click()
    expect(screen.locator(".messagelist")).to_contain_text("elexis-export.sql")
    assert not SqlFile.objects.exists()


def test_a_file_that_is_too_large_ends_in_its_sentence(screen, tmp_path, settings):
    settings.OOB_UPLOAD_MAX_GB = 1
    (tmp_path / "large.sql").touch()
    os.truncate(tmp_path / "large.sql", 1_100_000_000)
    screen.set_input_files("#sql-upload-file", tmp_path / "large.sql")
    screen.click("#sql-upload [data-part=start]")
    expect(screen.locator("[data-part=error]")).to_contain_text("OOB_UPLOAD_MAX_GB")
    expect(screen.locator("#sql-upload")).to_have_attribute("data-state", "idle")
    picture(screen, "sql-too-large")
    assert not SqlFile.objects.exists()


def test_an_upload_can_be_given_up(screen, tmp_path):
    path = tmp_path / "large.sql"
    path.touch()
    os.truncate(path, 900_000_000)
    screen.set_input_files("#sql-upload-file", path)
    screen.click("#sql-upload [data-part=start]")
    screen.click("[data-part=pause]")
    screen.click("[data-part=cancel]")
    expect(screen.locator("#sql-upload")).to_have_attribute("data-state", "idle")
    assert not SqlFile.objects.exists()


def test_pages_fit_a_phone(screen, live_server, site, sql_file):
    shutil.copy(sql_file, site / "backup" / f"{'long-name' * 12}.sql")
    result = {"tables": [{"name": "table" * 12, "rows": 10**9}], "is_finished": True, "charset": "utf8mb4"}
    request = {"file": f"backup:{'long-name' * 12}.sql"}
    run = BackupRun.objects.create(action="sqlcheck", trigger="screen", state="done", result=result, request=request)
    screen.set_viewport_size(NARROW)
    for path in (f"sql/checks/{run.pk}/", f"sql/checks/{run.pk}/confirm/", ""):
        screen.goto(f"{live_server.url}/backups/restore/{path}")
        assert screen.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], path
        for button in screen.locator("main .btn:visible:not(.link)").all():
            assert button.bounding_box()["height"] >= 44, path
