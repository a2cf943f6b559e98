"""What an owner sees of a restore that broke, and of one whose record cannot be read."""

from __future__ import annotations

import pytest
from django.utils import timezone

from backups.models import BackupRun, KeptData, SqlFile
from tests.e2e.conftest import log_in, picture
from tests.people import make_user

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's fixture
]


@pytest.fixture
def troubles(installation):
    """A record that is damaged, a file that goes in time, and a restore that was rolled back; returns its run."""
    now = timezone.now()
    KeptData.objects.create(
        restore_id="4376094a2147", kind="sql", phase="damaged", sources=["elexisdb"], created_at=now, until=now
    )
    file = SqlFile.objects.create(title="elexis.sql.gz", origin="upload", size=2_345_678, is_complete=True)
    file.path.parent.mkdir(exist_ok=True)
    file.path.write_bytes(b"x")
    params = {"path": "/mnt/elexisdb", "reason": "login-refused"}
    line = {"at": now.isoformat(), "level": "error", "source": "elexisdb", "code": "rolled-back", "params": params}
    result = {"in_place": {"elexisdb": "old", "webelexisdata": "old"}}
    return BackupRun.objects.create(
        action="restore", state="failed", started_at=now, ended_at=now, log=[line], result=result
    )


def test_troubles_are_told_where_they_are_looked_for(page, live_server, troubles, complaints):
    log_in(page, live_server, make_user(username="muster"))
    page.goto(f"{live_server.url}/backups/restore/")
    assert "sqlrestores/4376094a2147/journal.json" in page.inner_text("[data-damaged]")
    assert page.locator("#sql .files li").count() == 1
    picture(page, "restore-damaged-record")
    page.goto(f"{live_server.url}/backups/restore/runs/{troubles.pk}/")
    assert "/mnt/elexisdb" in page.inner_text(".verdict")
    picture(page, "restore-rolled-back")
    page.click("[data-in-place] .btn")
    page.wait_for_url(f"{live_server.url}/backups/restore/")
    assert complaints == []
