"""The list of runs and the page of one: who, how long, how much, with filters."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from backups.models import BackupArchive, BackupRun, BackupSchedule
from tests.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages")]
LIST = "/backups/backuprun/"
WRITTEN = {"level": "info", "source": "pacsdata", "code": "archive-written"}


@pytest.fixture
def owner(client):
    user = make_user(username="muster", first_name="Anna", last_name="Muster", language="en")
    client.force_login(user)
    return user


def make_run(*, days=0, sizes=(), **fields) -> BackupRun:
    """A run that began so many days ago, took 192 seconds and wrote archives of these sizes."""
    begun = timezone.now() - timedelta(days=days, minutes=5)
    lines = [WRITTEN | {"at": begun.isoformat(), "params": {"name": "a", "size": size, "entries": 1}} for size in sizes]
    given = {"trigger": "screen", "state": "done", "started_at": begun, "log": lines, **fields}
    run = BackupRun.objects.create(ended_at=begun + timedelta(seconds=192), **given)
    BackupRun.objects.filter(pk=run.pk).update(requested_at=begun)
    return run


def shown(client, query=""):
    """Runs in the list, as their keys."""
    return {int(pk) for pk in re.findall(rf"{LIST}(\d+)/change/", client.get(LIST + query).text)}


def text_of(client, url):
    return " ".join(re.sub(r"<[^>]+>", " ", client.get(url).text).split())


def test_the_list_tells_who_how_long_and_how_much_also_when_the_archives_are_gone(client, owner):
    schedule = BackupSchedule.objects.create(name="Every night")
    make_run(sizes=(4_000_000_000, 600_000_000), trigger="schedule", schedule=schedule)
    make_run(requested_by=owner)
    text = text_of(client, LIST)
    for part in ("schedule, Every night", "by hand, Anna Muster", "3 min 12 s", "4.6 GB"):
        assert part in text, part


def test_runs_are_found_by_job_start_and_period(client, owner):
    old, proof, night = make_run(days=40), make_run(action="proof"), make_run(days=10, trigger="schedule")
    assert shown(client, "?action=proof") == {proof.pk}
    assert shown(client, "?trigger=schedule") == {night.pk}
    assert shown(client, "?days=7") == {proof.pk}
    assert shown(client, "?days=30") == {proof.pk, night.pk}
    assert shown(client, "?days=hundred") == shown(client) == {old.pk, proof.pk, night.pk}


def test_only_jobs_that_were_done_are_offered(client, owner):
    make_run()
    html = client.get(LIST).text
    assert "?action=backup" in html
    assert "?action=salvage" not in html


def test_the_page_of_a_run_tells_duration_size_log_and_archives(client, owner):
    run = make_run(sizes=(4_600_000_000,))
    name = "pacsdata_2026-11-24-0315.tar.gz"
    BackupArchive.objects.create(name=name, series="pacsdata", run=run, taken_at=timezone.now(), size=4_600_000_000)
    text = text_of(client, f"{LIST}{run.pk}/change/")
    for part in ("(3 min 12 s)", "Saved 4.6 GB", "written and read back", name):
        assert part in text, part


def test_the_page_of_a_restore_leads_to_what_came_of_it_for_those_who_may(client, owner):
    run = make_run(action="restore", request={"archives": []})
    link = f'href="/backups/restore/runs/{run.pk}/"'
    assert link in client.get(f"{LIST}{run.pk}/change/").text
    client.force_login(make_user("reader", second_factor=False))
    assert link not in client.get(f"{LIST}{run.pk}/change/").text
