"""Which hours of the night, which archive is next, and whether its check ends in time."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backups.domain.turn import Candidate, Window, fits, in_turn, next_moment

ZURICH = ZoneInfo("Europe/Zurich")
NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
NIGHT = Window(time(1), time(5), ZURICH)
LATE = Window(time(22), time(4), ZURICH)


def local(*wall, fold=0):
    return datetime(*wall, tzinfo=ZURICH, fold=fold).astimezone(UTC)


def candidate(name="a", days_ago=1, **values):
    return Candidate(name, "docs", NOW - timedelta(days=days_ago), **{"size": 1000, **values})


@pytest.mark.parametrize(
    ("window", "now", "expected"),
    [
        (NIGHT, local(2026, 11, 24, 0, 59), None),
        (NIGHT, local(2026, 11, 24, 1), (local(2026, 11, 24, 1), local(2026, 11, 24, 5))),
        (NIGHT, local(2026, 11, 24, 4, 59), (local(2026, 11, 24, 1), local(2026, 11, 24, 5))),
        (NIGHT, local(2026, 11, 24, 5), None),
        (LATE, local(2026, 11, 24, 21, 59), None),
        (LATE, local(2026, 11, 24, 23), (local(2026, 11, 24, 22), local(2026, 11, 25, 4))),
        (LATE, local(2026, 11, 25, 3), (local(2026, 11, 24, 22), local(2026, 11, 25, 4))),
        (LATE, local(2026, 11, 25, 4), None),
    ],
)
def test_the_hours_are_those_of_the_practices_clock(window, now, expected):
    assert window.around(now) == expected


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 3), ((2026, 10, 25), 5), ((2026, 11, 24), 4)])
def test_the_night_in_which_the_clock_changes_is_shorter_or_longer(day, hours):
    start, end = NIGHT.around(local(*day, 1, 30))
    assert end - start == timedelta(hours=hours)
    assert all(NIGHT.around(start + timedelta(minutes=n)) == (start, end) for n in range(60 * hours))


def test_both_hours_of_the_same_number_in_autumn_belong_to_the_night():
    assert NIGHT.around(local(2026, 10, 25, 2, 30)) == NIGHT.around(local(2026, 10, 25, 2, 30, fold=1)) is not None


def test_hours_that_begin_in_the_hour_that_spring_leaves_out_begin_behind_it():
    start, _end = Window(time(2, 30), time(5), ZURICH).around(local(2026, 3, 29, 4))
    assert start == local(2026, 3, 29, 3, 30)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)), st.times(), st.times())
def test_a_moment_lies_in_the_hours_that_are_given_for_it(moment, start, end):
    now = moment.replace(tzinfo=UTC)
    span = Window(start, end, ZURICH).around(now)
    if span is not None:
        assert span[0] <= now < span[1]
        assert span[1] - span[0] <= timedelta(hours=25)


def test_the_oldest_check_is_first_and_what_was_never_checked_before_it():
    never = Candidate("never", "docs", None, 1)
    listing = [candidate("b", 2), candidate("c", 9), never, candidate("a", 2)]
    assert [one.name for one in in_turn(listing)] == ["never", "c", "a", "b"]


def test_the_last_proof_tells_how_long_the_next_one_takes():
    one = candidate(size=10**12, database_bytes=10**12, last_seconds=100)
    assert fits(one, NOW, NOW + timedelta(seconds=130))
    assert not fits(one, NOW, NOW + timedelta(seconds=129))


def test_without_a_proof_the_size_tells_it_and_a_database_takes_longer():
    files, database = candidate(size=10**9), candidate(size=10**9, database_bytes=4 * 10**9)
    assert 10 < files.seconds < 60 < database.seconds < 600
    assert fits(database, NOW, None)


def test_the_reading_alone_is_counted_by_the_size_whatever_the_proof_took():
    one = Candidate("a", "elexisdb", None, 100_000_000, database_bytes=900_000_000, last_seconds=5 * 3600)
    assert replace(one, is_read_only=True).seconds < 60 < one.seconds


def test_the_next_moment_of_a_clock_is_today_or_tomorrow():
    assert next_moment(time(5), local(2026, 11, 24, 4, 59), ZURICH) == local(2026, 11, 24, 5)
    assert next_moment(time(5), local(2026, 11, 24, 5), ZURICH) == local(2026, 11, 25, 5)
