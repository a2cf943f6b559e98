"""The figures of the week: how things stand, whichever way the data were saved."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from backups.models import BackupArchive, Source
from oobsite.alerts.models import Alert, AlertChannel
from oobsite.alerts.summary import figures, weekly_summary

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def make_archive(series: str, *, hours: int, **values) -> None:
    at = NOW - timedelta(hours=hours)
    name = f"{series}_{hours}.tar.gz"
    BackupArchive.objects.create(name=name, series=series, taken_at=at, proved_at=at, size=1, **values)


@pytest.fixture(autouse=True)
def one_source(db):
    Source.objects.exclude(name="elexisdb").update(is_active=False)


def test_a_database_that_is_saved_as_sql_alone_is_saved():
    make_archive("elexisdb_sql", hours=5)
    found = figures(NOW)
    assert found["secured_at"] == found["proved_at"] == (NOW - timedelta(hours=5)).isoformat()


def test_what_has_failed_and_what_a_restore_has_saved_count_for_nothing():
    make_archive("elexisdb", hours=1, proof="failed")
    make_archive("elexisdb", hours=2, is_safety=True)
    assert (figures(NOW)["secured_at"], figures(NOW)["proved_at"]) == (None, None)


@pytest.mark.parametrize(
    ("moment", "count"),
    [
        ("2026-10-26T05:59:00Z", 0),  # the Monday after summer time has ended: 06:59
        ("2026-10-26T06:00:00Z", 1),
        ("2027-03-29T04:59:00Z", 0),  # the Monday after it has begun: 06:59
        ("2027-03-29T05:00:00Z", 1),
    ],
)
def test_seven_o_clock_is_that_of_the_wall(moment, count):
    AlertChannel.objects.create(name="Praxis", addresses="a@b.ch")
    weekly_summary(datetime.fromisoformat(moment))
    assert Alert.objects.count() == count
