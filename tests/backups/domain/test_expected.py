"""Which backups should be there by now, and how fast the archives grow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from backups.domain.cron import CronFields
from backups.domain.duty import Terms
from backups.domain.expected import Rhythm, daily_growth, margin, overdue_slot, proof_since, wanted_since

ZURICH = ZoneInfo("Europe/Zurich")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NIGHTLY = "15 3 * * *"


def rhythm(line=NIGHTLY, *, since=LONG_AGO, paused_until=None, skipped=None) -> Rhythm:
    return Rhythm(CronFields(*line.split()), Terms(12 * HOUR, paused_until, skipped), since, ZURICH)


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=ZURICH)


@pytest.mark.parametrize(
    ("line", "now", "expected"),
    [
        (NIGHTLY, "2026-11-24 15:14", "2026-11-23 03:15"),
        (NIGHTLY, "2026-11-24 15:15", "2026-11-24 03:15"),
        ("0 * * * *", "2026-11-24 12:00", "2026-11-24 10:00"),
        ("* * * * *", "2026-11-24 12:00", "2026-11-24 10:00"),
        ("15 3 * * 1-5", "2026-11-23 02:00", "2026-11-20 03:15"),  # Monday morning: Friday will do
        ("15 3 * * 1-5", "2026-11-23 16:00", "2026-11-23 03:15"),
        ("0 4 * * 7", "2026-11-23 03:59", "2026-11-15 04:00"),
        ("0 4 * * 7", "2026-11-23 04:00", "2026-11-22 04:00"),
        ("0 4 1 * *", "2026-11-24 12:00", "2026-11-01 04:00"),
        ("0 4 1 1 *", "2026-11-24 12:00", "2026-01-01 04:00"),
        ("30 2 * * *", "2027-03-28 15:00", "2027-03-28 03:00"),  # the night in which 02:30 does not exist
    ],
)
def test_the_newest_date_whose_backup_should_be_there(line, now, expected):
    assert wanted_since(rhythm(line), at(now)) == at(expected)


def test_a_date_before_the_schedule_was_changed_promises_nothing():
    assert wanted_since(rhythm(since=at("2026-11-24 10:00")), at("2026-11-24 20:00")) is None
    assert wanted_since(rhythm(since=at("2026-11-24 03:14")), at("2026-11-24 20:00")) == at("2026-11-24 03:15")


def test_dates_that_are_left_out_do_not_count():
    now = at("2026-11-24 20:00")
    assert wanted_since(rhythm(skipped=at("2026-11-24 03:15")), now) == at("2026-11-23 03:15")
    assert wanted_since(rhythm(paused_until=at("2026-11-25 00:00")), now) is None


def test_a_proof_may_fail_to_come_once():
    assert proof_since(rhythm(), at("2026-11-24 20:00")) == at("2026-11-23 03:15")
    assert proof_since(rhythm(since=at("2026-11-23 12:00")), at("2026-11-24 20:00")) is None


@pytest.mark.parametrize(("line", "hours"), [("* * * * *", 2), (NIGHTLY, 12), ("0 4 * * 7", 24), ("0 4 29 2 *", 24)])
def test_the_margin_is_half_the_distance_from_two_hours_to_a_day(line, hours):
    assert margin(rhythm(line), at("2026-11-24 12:00")) == hours * HOUR


def test_the_first_date_that_nobody_has_looked_at():
    until = at("2026-11-24 03:20")
    assert overdue_slot(rhythm(since=at("2026-11-24 03:15")), until) is None
    assert overdue_slot(rhythm(since=at("2026-11-24 03:14")), until) == at("2026-11-24 03:15")
    assert overdue_slot(rhythm(since=at("2026-11-24 03:14"), skipped=at("2026-11-24 03:15")), until) is None
    assert overdue_slot(rhythm("* * * * *"), until) == until - DAY + timedelta(minutes=1)


def archives(*sizes: int) -> list[tuple[datetime, int]]:
    """One a day, the newest first."""
    return [(at("2026-11-24 03:15") - n * DAY, size) for n, size in enumerate(sizes)]


@pytest.mark.parametrize(
    ("sizes", "keep", "growth"),
    [
        ((), 10, 0),
        ((50,), 10, 0),
        ((100, 90, 80), 10, 100),  # each comes to the others
        ((100, 90, 80), 3, 20),  # each takes the place of the oldest
        ((80, 90, 100), 3, -20),
    ],
)
def test_growth_of_a_series_in_a_day(sizes, keep, growth):
    assert daily_growth(archives(*sizes), keep) == growth
