"""What becomes of the dates that have come since the last look."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from backups.domain.duty import Terms, divide

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HOURS = st.lists(st.integers(0, 100), unique=True).map(
    lambda ages: tuple(NOW - timedelta(hours=age) for age in sorted(ages, reverse=True))
)


def ago(**age) -> datetime:
    return NOW - timedelta(**age)


def test_the_newest_is_made_up_for_and_the_others_are_missed():
    duty = divide([ago(hours=20), ago(hours=10), ago(hours=2)], NOW, Terms(timedelta(hours=12)))
    assert (duty.due, duty.missed, duty.skipped) == (ago(hours=2), (ago(hours=20), ago(hours=10)), ())


def test_what_is_too_old_is_missed():
    duty = divide([ago(hours=13)], NOW, Terms(timedelta(hours=12)))
    assert (duty.due, duty.missed) == (None, (ago(hours=13),))


def test_a_look_that_is_a_little_late_is_on_time_even_when_nothing_is_made_up_for():
    assert divide([ago(minutes=5)], NOW, Terms(timedelta())).due == ago(minutes=5)
    assert divide([ago(minutes=6)], NOW, Terms(timedelta())).missed == (ago(minutes=6),)


def test_a_date_that_is_left_out_is_no_missed_one():
    duty = divide([ago(hours=1)], NOW, Terms(timedelta(hours=12), skipped=ago(hours=1)))
    assert (duty.due, duty.missed, duty.skipped) == (None, (), (ago(hours=1),))


def test_the_end_of_a_pause_counts_again():
    duty = divide([ago(hours=2), ago(hours=1)], NOW, Terms(timedelta(hours=12), paused_until=ago(hours=1)))
    assert (duty.due, duty.skipped) == (ago(hours=1), (ago(hours=2),))


@given(HOURS, st.integers(0, 100), st.integers(-5, 105))
def test_every_date_has_exactly_one_fate(slots, catch_up, pause):
    duty = divide(slots, NOW, Terms(timedelta(hours=catch_up), paused_until=ago(hours=pause)))
    done = [duty.due] if duty.due else []
    assert sorted([*done, *duty.missed, *duty.skipped]) == sorted(slots)
