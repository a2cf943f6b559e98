"""How far back archives reach at the least, worked out from the dates to come."""

from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile

import pytest

from backups.domain.cron import is_several_a_day, next_dates, read_expression
from backups.domain.reach import DATES_LOOKED_AT, least_gap, least_reach
from backups.domain.retention import Generation, Policy, plan_prune

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def dates_of(line: str) -> list[datetime]:
    return list(islice(next_dates(read_expression(line), START, UTC), DATES_LOOKED_AT))


@pytest.mark.parametrize(
    ("line", "last", "reach"),
    [
        ("* * * * *", 10, timedelta(minutes=9)),
        ("15 3 * * *", 10, 9 * DAY),
        ("15 3 * * *", 1, timedelta(0)),
        ("15 3 * * *", 1000, 999 * DAY),
        ("15 3 * * 1-5", 2, DAY),
        ("*/5 3 * * *", 10, timedelta(minutes=45)),
        ("0 */6 * * *", 10, 54 * HOUR),
        ("0 3 29 2 *", 2, 4 * 365 * DAY + DAY),
    ],
)
def test_the_newest_reach_back_over_the_narrowest_place(line, last, reach):
    assert least_reach(dates_of(line), [Policy(None, last)]) == reach


@pytest.mark.parametrize(
    ("line", "periods", "reach"),
    [
        ("* * * * *", {"daily": 7}, 5 * DAY),
        ("* * * * *", {"daily": 2}, timedelta(minutes=1)),
        ("15 3 * * *", {"daily": 7}, 6 * DAY),
        ("15 3 * * *", {"weekly": 4, "monthly": 12}, 280 * DAY),
        ("15 3 * * 7", {"daily": 7}, 42 * DAY),
    ],
)
def test_wider_intervals_reach_further(line, periods, reach):
    assert least_reach(dates_of(line), [Policy(None, 1, **periods)]) == reach


def test_the_policy_that_reaches_furthest_counts():
    assert least_reach(dates_of("0 * * * *"), [Policy(None, 2), Policy(None, 4)]) == 3 * HOUR


@pytest.mark.parametrize("periods", [{}, {"daily": 3}, {"hourly": 5, "daily": 2}, {"weekly": 3}, {"daily": 8}])
@pytest.mark.parametrize("line", ["*/30 * * * *", "15 3 * * *", "*/10 3,4 * * *", "0 8-18 * * 1-5"])
def test_retention_never_reaches_less_far_than_promised(line, periods):
    policy, kept = Policy(frozenset({"x"}), 4, time_zone="UTC", **periods), []
    promised = least_reach(dates_of(line), [policy])
    found = []
    for at in takewhile(lambda moment: moment < START + 30 * DAY, next_dates(read_expression(line), START, UTC)):
        archive = Generation(at.isoformat(), "x", at, 1, True, True, False, False, False)
        names = {item.name for item in plan_prune([*kept, archive], [policy]).keep}
        kept = [item for item in (*kept, archive) if item.name in names]
        if at > START + 22 * DAY:
            found.append(at - kept[0].taken_at)
    assert min(found) >= promised > timedelta(0)


def test_the_shortest_time_between_two_dates():
    assert least_gap(dates_of("0,50 * * * *")) == timedelta(minutes=10)


@pytest.mark.parametrize(("line", "is_so"), [("15 3 * * *", False), ("15 3,12 * * *", True), ("0,30 3 * * 1", True)])
def test_several_a_day(line, is_so):
    assert is_several_a_day(read_expression(line)) is is_so
