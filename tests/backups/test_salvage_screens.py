"""Screens of the recovery of what can be read: offered where it helps, honest about what may be missing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from backups.models import BackupArchive, BackupRun, SqlFile

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages", "installation", "owner")]
TABLES = [
    {"name": "kontakt", "rows": 1200, "state": "whole"},
    {"name": "faelle", "rows": 0, "state": "lost"},
    {"name": "konsultationen", "rows": 5, "state": "partly"},
]


@pytest.fixture
def archive():
    return BackupArchive.objects.create(
        name="elexisdb_2019-03-13-2044.tar.gz",
        series="elexisdb",
        origin="legacy",
        taken_at=timezone.now(),
        size=1,
        proof="failed",
    )


def page(client, name, pk):
    return client.get(reverse(name, args=[pk])).content.decode()


def test_a_damaged_database_offers_it_and_others_do_not(client, archive):
    url = reverse("backups:archive-salvage", args=[archive.pk])
    assert url in page(client, "admin:backups_backuparchive_change", archive.pk)
    BackupArchive.objects.update(series="pacsdata")
    assert url not in page(client, "admin:backups_backuparchive_change", archive.pk)
    assert client.get(url).status_code == 404


def test_it_is_ordered_only_behind_the_warning(client, archive):
    assert "What may be missing" in page(client, "backups:archive-salvage", archive.pk)
    assert not BackupRun.objects.exists()
    answer = client.post(reverse("backups:archive-salvage", args=[archive.pk]))
    run = BackupRun.objects.get()
    assert (run.action, run.request) == ("salvage", {"archives": [archive.name]})
    assert answer.url == reverse("backups:salvage-run", args=[run.pk])


def test_a_run_that_works_says_that_nothing_is_touched(client, archive):
    run = BackupRun.objects.create(action="salvage", trigger="screen", state="running", heartbeat_at=timezone.now())
    BackupRun.objects.update(progress={"stage": "salvage", "source": "kontakt", "done_items": 3, "total_items": 90})
    text = page(client, "backups:salvage-run", run.pk)
    assert 'data-untouched="yes"' in text
    assert "3 of 90 tables" in text


def test_the_end_names_what_is_missing_first_and_offers_the_file(client, archive):
    run = BackupRun.objects.create(action="salvage", trigger="screen", state="warnings")
    file = SqlFile.objects.create(title="recovered.sql.gz", origin="salvage", size=5, is_complete=True)
    BackupRun.objects.update(result={"level": 1, "file": file.uid, "tables": TABLES})
    text = page(client, "backups:salvage-run", run.pk)
    places = [text.index(f">{name}<") for name in ("faelle", "konsultationen", "kontakt")]
    assert places == sorted(places)
    assert f'value="sqlfile:{file.uid}"' in text
    file.delete()
    assert "sqlfile:" not in page(client, "backups:salvage-run", run.pk)


def test_the_page_says_when_the_file_goes_and_lets_it_be_taken(client, archive):
    file = SqlFile.objects.create(title="x.sql.gz", origin="salvage", size=4, is_complete=True)
    SqlFile.objects.update(created_at=datetime(2026, 11, 24, 12, tzinfo=UTC))
    run = BackupRun.objects.create(action="salvage", state="done", result={"file": file.uid, "tables": TABLES})
    html = page(client, "backups:salvage-run", run.pk)
    assert "deleted by itself on Dec. 24, 2026" in html
    assert reverse("backups:export-download", args=[file.uid]) in html


def test_a_run_that_failed_says_so(client, archive):
    run = BackupRun.objects.create(action="salvage", trigger="screen", state="failed")
    assert "Nothing could be recovered." in page(client, "backups:salvage-run", run.pk)
