"""Half a gigabyte goes up from a real browser to a real gunicorn, interrupted in several ways."""

import hashlib
import os
import sqlite3
from contextlib import closing

import pytest
from playwright.sync_api import expect
from served import served_site
from waiting import wait_until

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning")  # pytest-base-url's fixture
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with served_site(tmp_path_factory.mktemp("served")) as site:
        yield site


@pytest.fixture(autouse=True)
def empty_cache():
    """Nothing of this process's database takes part."""


@pytest.fixture
def screen(page, site, context):
    context.add_cookies([{"name": "sessionid", "value": site.cookies["sessionid"], "url": site.url}])
    page.goto(f"{site.url}/backups/restore/")
    return page


@pytest.fixture(scope="module")
def dump(tmp_path_factory):
    """A file of 512 MB of which no two megabytes are equal, and its hash."""
    path, block, digest = tmp_path_factory.mktemp("dump") / "elexis.sql", os.urandom(MEGABYTE - 4), hashlib.sha256()
    with path.open("wb") as file:
        for number in range(512):
            content = number.to_bytes(4, "big") + block
            file.write(content)
            digest.update(content)
    return path, digest.hexdigest()


def stored(site):
    return [path for path in (site.folder / "data" / "sql").iterdir() if path.suffix == ".sql"]


def wait_for_bytes(screen, megabytes):
    bar = screen.locator("#sql-upload progress")
    wait_until(lambda: bar.evaluate("bar => bar.value") > megabytes * MEGABYTE)


def choose(screen, path):
    screen.set_input_files("#sql-upload-file", path)
    screen.click("#sql-upload [data-part=start]")


def test_half_a_gigabyte_is_paused_cut_off_reloaded_and_arrives(screen, site, context, dump):
    path, expected = dump
    choose(screen, path)
    wait_for_bytes(screen, 40)
    screen.click("[data-part=pause]")
    expect(screen.locator("#sql-upload")).to_have_attribute("data-state", "paused")
    screen.click("[data-part=resume]")
    wait_for_bytes(screen, 120)
    context.set_offline(True)
    expect(screen.locator("[data-part=error]")).to_be_visible()
    context.set_offline(False)  # goes on by itself
    wait_for_bytes(screen, 200)
    screen.reload()
    expect(screen.locator(".files li")).to_have_count(1)
    choose(screen, path)
    screen.wait_for_url("**/backups/restore/sql/checks/*/")
    (file,) = stored(site)
    with file.open("rb") as content:
        assert hashlib.file_digest(content, "sha256").hexdigest() == expected
    assert site.peak_megabytes() <= 120
    with closing(sqlite3.connect(site.folder / "data" / "oobsite.sqlite3")) as conn:
        assert conn.execute("SELECT title, is_complete FROM backups_sqlfile").fetchall() == [("elexis.sql", 1)]
