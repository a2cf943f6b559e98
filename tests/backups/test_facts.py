"""What the page of an archive says of its proof."""

from __future__ import annotations

import pytest
from django.template.loader import render_to_string
from django.utils import timezone, translation

from backups.facts import archive_facts
from backups.models import BackupArchive

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages")]


def proof_card(**fields):
    fields = {"name": "x_2026-11-24-0315.tar.gz", "taken_at": timezone.now(), "size": 1, "proof": "proved"} | fields
    archive = BackupArchive.objects.create(proved_at=timezone.now(), **fields)
    with translation.override("de"):
        context = {"archive": archive, "facts": archive_facts(archive)}
        return render_to_string("admin/backups/backuparchive/proof.html", context)


def test_a_proved_copy_of_a_running_database_is_not_called_one_moment():
    card = proof_card(series="elexisdb", origin="legacy")
    assert "probeweise eine Datenbank gestartet" in card
    assert "denselben Zeitpunkt" in card


def test_a_copy_that_is_not_proved_is_called_a_database():
    card = proof_card(series="elexisdb", origin="legacy", proof="none")
    assert "startet daraus" in card
    assert "denselben Zeitpunkt" not in card


@pytest.mark.parametrize(
    "fields",
    [
        {"series": "elexisdb", "method": "hot", "manifest": {"format": 1}},
        {"series": "elexisdb_sql", "origin": "legacy"},
        {"series": "webelexisdata", "origin": "legacy"},
    ],
)
def test_other_archives_have_no_such_gap(fields):
    assert "denselben Zeitpunkt" not in proof_card(**fields)
