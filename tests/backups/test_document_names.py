"""Names of documents hold names of patients: pages show them to those who must act, and to nobody else."""

from __future__ import annotations

import pytest

from backups.models import BackupArchive, BackupRun
from tests.people import make_user

pytestmark = pytest.mark.usefixtures("pages")
NAME = "Meier_Hans_Befund.pdf"
REMARK = {"code": "files-skipped", "params": {"count": 1, "names": [NAME]}}
LINE = {"at": "2026-11-24T03:15:00+00:00", "level": "warning", "source": "pacsdata", **REMARK}


@pytest.fixture
def archive(practice, run_command):
    """One that lacks a document, as its page, its run and the first screen tell."""
    assert run_command("runbackup", "--source", "pacsdata")[0] == 0
    archive = BackupArchive.objects.get()
    skipped = [{"name": NAME, "reason": "changed"}]
    archive.manifest |= {"skipped": skipped, "skipped_total": 1, "warnings": [REMARK]}
    archive.proof_report = {"problems": [{"code": "unsafe-archive", "params": {"path": "x", "names": [NAME]}}]}
    archive.save()
    BackupRun.objects.update(state="warnings", log=[LINE])
    return archive


def pages_of(client, role, archive) -> dict[str, str]:
    client.force_login(make_user(role, username=f"muster-{role}", language="en"))
    run = archive.run
    urls = {
        "archive": f"/backups/backuparchive/{archive.pk}/change/",
        "run": f"/backups/backuprun/{run.pk}/change/",
        "first screen": "/",
    }
    found = {name: client.get(url).content.decode() for name, url in urls.items()}
    BackupRun.objects.filter(pk=run.pk).update(state="running")
    progress = client.get(f"/backups/runs/{run.pk}/progress/", headers={"HX-Request": "true"})
    return found | {"progress": progress.content.decode()}


@pytest.mark.parametrize("role", ["owner", "care"])
def test_who_looks_after_backups_sees_which_files_are_missing(client, archive, role):
    assert all(NAME in html for html in pages_of(client, role, archive).values())


def test_who_only_reads_sees_that_files_are_missing(client, archive):
    pages = pages_of(client, "reader", archive)
    assert [name for name, html in pages.items() if NAME in html] == []
    assert all("only those who look after the backups" in html.lower() for html in pages.values())
    assert "One file is not in the archive" in pages["archive"]
