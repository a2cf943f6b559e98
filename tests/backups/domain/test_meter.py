"""Rate and time left, from reports at any moments."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backups.domain.job import Progress
from backups.domain.meter import LEAST_SECONDS, Meter, Speed

PACK = Progress("pack", "docs", total_bytes=10**12)
STEPS = st.lists(st.tuples(st.floats(0.1, 30), st.integers(0, 10**9)), min_size=1, max_size=40)


def run(meter: Meter, steps, progress: Progress = PACK) -> Speed:
    """Feed steps of (seconds, bytes) and return the last answer."""
    at, done = 0.0, 0
    speed = meter.add(progress, at)
    for seconds, count in steps:
        at, done = at + seconds, done + count
        speed = meter.add(replace(progress, done_bytes=done), at)
    return speed


@given(STEPS)
def test_the_rate_lies_between_the_slowest_and_the_fastest(steps):
    speed = run(Meter(), steps)
    rates = [count / seconds for seconds, count in steps]
    if speed.rate is not None:
        assert min(rates) * 0.999 <= speed.rate <= max(rates) * 1.001
    else:
        assert sum(seconds for seconds, _count in steps) < LEAST_SECONDS or not any(count for _s, count in steps)


@given(STEPS)
def test_the_time_left_is_the_rest_at_that_rate_and_never_negative(steps):
    speed = run(Meter(), steps)
    if speed.seconds_left is not None:
        assert speed.seconds_left >= 0
        if speed.rate:
            rest = 10**12 - sum(count for _seconds, count in steps)
            assert speed.seconds_left == pytest.approx(rest / speed.rate)


@given(st.lists(st.floats(0.5, 5), min_size=10, max_size=30), st.integers(1, 10**8))
def test_a_steady_job_is_told_exactly_whenever_it_reports(waits, rate):
    at, meter, total = 0.0, Meter(), 1000 * rate
    meter.add(Progress("pack", total_bytes=total), at)
    for wait in waits:
        at += wait
        speed = meter.add(Progress("pack", done_bytes=int(at * rate), total_bytes=total), at)
    assert speed.rate == pytest.approx(rate, rel=0.2, abs=3)
    assert speed.seconds_left == pytest.approx(1000 - at, rel=0.2, abs=3 * 1000 / rate + 1)


def test_a_new_pace_is_believed_within_a_minute():
    meter = Meter()
    run(meter, [(1, 100)] * 100)
    at, done = 100.0, 100 * 100
    for _ in range(60):
        at, done = at + 1, done + 10
        speed = meter.add(replace(PACK, done_bytes=done), at)
    assert 10 <= speed.rate < 16


def test_nothing_is_told_before_something_was_measured():
    assert run(Meter(), [(1, 100)]) == Speed()
    assert run(Meter(), [(1, 100)] * 3).rate == pytest.approx(100)


@pytest.mark.parametrize("total", [None, 250])
def test_without_a_total_or_beyond_a_guess_the_time_left_is_unknown(total):
    speed = run(Meter(), [(1, 100)] * 5, Progress("dump", total_bytes=total))
    assert (speed.rate, speed.seconds_left) == (pytest.approx(100), None)


@pytest.mark.parametrize("other", [replace(PACK, stage="verify"), replace(PACK, total_bytes=7), PACK])
def test_another_stage_another_total_or_a_step_back_begins_anew(other):
    meter = Meter()
    assert run(meter, [(1, 100)] * 10).rate is not None
    assert meter.add(replace(other, done_bytes=1), 11) == Speed()


def test_a_job_that_stands_still_does_not_promise_an_end():
    speed = run(Meter(), [(1, 100)] * 5 + [(60, 0)] * 60)
    assert speed.rate < 1
    assert speed.seconds_left is None


def test_tables_tell_the_time_left_but_no_rate_of_bytes():
    meter = Meter()
    for at in range(11):
        speed = meter.add(Progress("check", done_items=at, total_items=20), at)
    assert (speed.rate, speed.seconds_left) == (None, pytest.approx(10))
