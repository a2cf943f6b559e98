"""When people are told that a certificate ends."""

import datetime as dt

import pytest

from certs.domain.expiry import FIRST, FIRST_WHERE_RENEWED, judge_end

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("days", "said"),
    [(31, None), (30, "soon"), (14, "soon"), (8, "soon"), (7, "urgent"), (0.01, "urgent"), (0, "over"), (-3, "over")],
)
def test_what_is_said_so_many_days_before(days, said):
    ending = judge_end(NOW + days * DAY, NOW)
    words = None if ending is None else "over" if ending.is_over else "urgent" if ending.is_urgent else "soon"
    assert words == said


def test_it_is_said_again_14_7_and_1_days_before():
    ending = judge_end(NOW + 29 * DAY, NOW, FIRST)
    assert [(NOW + 29 * DAY - moment) // DAY for moment in ending.reminders] == [14, 7, 1]


def test_what_has_ended_is_said_every_day():
    assert judge_end(NOW, NOW).reminders is None


def test_what_renews_itself_gets_two_days_for_it():
    assert judge_end(NOW + 29 * DAY, NOW, FIRST_WHERE_RENEWED) is None
    assert judge_end(NOW + 28 * DAY, NOW, FIRST_WHERE_RENEWED) is not None
