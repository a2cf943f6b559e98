"""The calendar against RFC 5545: lines of at most 75 bytes, nothing cut in two, text that means itself."""

import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certs.domain.calendar import Entry, render_calendar

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
DAY = dt.date(2027, 12, 24)


def lines_of(calendar: str) -> list[str]:
    """Unfolded, as a program reads them (3.1)."""
    return calendar.replace("\r\n ", "").split("\r\n")


def unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], text)


@given(title=st.text(st.characters(exclude_categories=("C", "Z"), include_characters=" "), max_size=200))
def test_every_title_comes_back_as_it_was(title):
    calendar = render_calendar([Entry("a@oobsite", DAY, title, "text")], NOW)
    assert all(len(line.encode()) <= 75 for line in calendar.split("\r\n"))
    (summary,) = [line for line in lines_of(calendar) if line.startswith("SUMMARY:")]
    assert unescaped(summary.removeprefix("SUMMARY:")) == title


@pytest.mark.parametrize("letter", ["x", "ü", "€", "😀"])
def test_no_length_makes_a_line_too_long(letter):
    calendar = render_calendar([Entry("a@oobsite", DAY, letter * length, "text") for length in range(160)], NOW)
    assert max(len(line.encode()) for line in calendar.split("\r\n")) <= 75


def test_text_of_several_lines_and_its_marks():
    calendar = render_calendar([Entry("a@oobsite", DAY, "a;b,c\\n", "one\r\ntwo\nBEGIN:VEVENT")], NOW)
    assert "SUMMARY:a\\;b\\,c\\\\n\r\n" in calendar
    assert "DESCRIPTION:one\\ntwo\\nBEGIN:VEVENT\r\n" in calendar
    assert calendar.count("\r\nBEGIN:VEVENT\r\n") == 1
    assert calendar.endswith("END:VCALENDAR\r\n")


def test_a_day_is_a_day_and_the_moment_of_writing_is_utc():
    local = NOW.astimezone(dt.timezone(dt.timedelta(hours=1)))
    found = lines_of(render_calendar([Entry("a@oobsite", DAY, "x", "y", remind_days=30)], local))
    assert {"DTSTART;VALUE=DATE:20271224", "DTSTAMP:20261124T120000Z", "TRIGGER:-P30D"} <= set(found)
