"""A damaged archive is red wherever it is shown, and says what is wrong and when it was checked."""

import os
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from packing import run_command  # noqa: F401 - a fixture
from playwright.sync_api import expect

from backups.models import BackupArchive, Source
from tests.e2e.conftest import log_in
from tests.people import make_user

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's fixture
]


@pytest.fixture
def damaged(transactional_db, installation, run_command):  # noqa: F811 - the fixture
    """The older one of two archives of the images."""
    Source.objects.all().delete()
    Source.objects.create(name="pacsdata", title="PACS", path="pacsdata")
    (installation / "mnt/pacsdata").mkdir()
    (installation / "mnt/pacsdata/file").write_bytes(os.urandom(20_000))
    for days_ago in (1, 0):
        with time_machine.travel(timezone.now() - timedelta(days=days_ago)):
            assert run_command("runbackup")[0] == 0
    archive = BackupArchive.objects.earliest()
    os.truncate(archive.path, archive.size // 2)
    assert run_command("verifyinturn")[0] == 6
    return archive


def test_a_damaged_archive_is_red_on_every_screen(page, live_server, damaged, complaints):
    log_in(page, live_server, make_user(username="muster"))
    expect(page.locator("[data-alerts=bad] li").first).to_be_visible()
    foot = page.locator("[data-checks='1']")
    expect(foot.locator(".tag.bad")).to_be_visible()
    foot.locator("a").click()
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    expect(page.locator("#result_list .tag.bad")).to_have_count(2)
    page.locator("#result_list tbody a").first.click()
    expect(page.locator(".loglines .error")).to_contain_text(damaged.name)
    expect(page.locator(".facts .tag.bad")).to_be_visible()
    assert complaints == []
