"""The sentences of the describer: a table that was read by eye, and that no two meanings share a sentence."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from minutes import any_fields, fits_date, values

from backups.domain.cron import CronFields, describe, read_expression, validate

TABLE = Path(__file__).with_name("cron_sentences.txt").read_text(encoding="utf-8").splitlines()
ROWS = [tuple(row.split(" | ")) for row in TABLE]

MINUTES = [
    "*",
    "*/1",
    "0",
    "5",
    "0,30",
    "*/7",
    "*/10",
    "0-50/10",
    "5-55/10",
    "5,15,25",
    "1-9/2",
    "0-2",
    "57-59",
    "0-29",
]
HOURS = ["*", "0", "3", "3,15", "*/2", "1-23/2", "0-20/2", "*/5", "*/6", "3-21/6", "8-17", "8-10", "0-22", "22-23,0-5"]
HOURS += ["1-2,5-6,9-10,12", "3,4,8,9,10", "6,12,18", "1-7,9,11-20"]
DAYS = ["*", "1", "31", "29", "30", "1-31", "1-30", "28,29", "1-7", "*/2", "2-30/2", "1-30/2", "1,5,10-20", "29-31"]
MONTHS = ["*", "2", "jan", "4,6", "2,4", "3-10", "*/2", "1-11", "1,2,3"]
WEEKDAYS = ["*", "1", "7", "1-5", "0-7", "6,0", "1,3,5", "*/2", "*/3", "5-7", "fri,sat,sun,mon"]
LEAP_CYCLE = [date(2024, 1, 1) + timedelta(days=number) for number in range(4 * 365 + 1)]


@pytest.mark.parametrize(("line", "german", "english"), ROWS, ids=[row[0] for row in ROWS])
def test_the_sentence_is_the_one_that_was_read_by_eye(line, german, english):
    cron = read_expression(line)
    assert (describe(cron, "de"), describe(cron, "en")) == (german, english)


def test_the_table_is_as_long_as_it_should_be():
    assert len({row[0] for row in ROWS}) >= 80


@pytest.mark.parametrize(("language", "text"), [("de-ch", "Jeden Tag um 03:15"), ("fr", "Every day at 03:15")])
def test_other_languages(language, text):
    assert describe(read_expression("15 3 * * *"), language) == text


def test_fields_that_are_not_valid_are_refused():
    with pytest.raises(ValueError, match="not validated"):
        describe(CronFields("60", "3", "*", "*", "*"), "de")


@settings(deadline=None)
@given(any_fields, st.sampled_from(["de", "en"]))
def test_the_describer_never_fails(cron, language):
    if validate(cron):
        return
    text = describe(cron, language)
    assert text[0].isupper()
    assert "{" not in text
    assert text == " ".join(text.split())


@pytest.mark.parametrize("language", ["de", "en"])
def test_times_of_day_that_differ_have_different_sentences(language):
    crons = [CronFields(minute, hour, "*", "*", "*") for minute, hour in product(MINUTES, HOURS)]
    assert_one_meaning_each(crons, lambda cron: (values("minute", cron.minute), values("hour", cron.hour)), language)


@pytest.mark.parametrize("language", ["de", "en"])
def test_dates_that_differ_have_different_sentences(language):
    crons = [CronFields("0", "3", *rest) for rest in product(DAYS, MONTHS, WEEKDAYS)]
    crons = [cron for cron in crons if not validate(cron)]
    assert_one_meaning_each(crons, lambda cron: [day for day in LEAP_CYCLE if fits_date(cron, day)], language)


def assert_one_meaning_each(crons, meaning_of, language):
    meanings = {}
    for cron in crons:
        first = meanings.setdefault(describe(cron, language), cron)
        assert meaning_of(first) == meaning_of(cron), describe(cron, language)
    assert len(meanings) > 50
