"""What `nextruns` prints, and the sentences for wrong crontab fields."""

from __future__ import annotations

import functools
import json

import pytest
import time_machine
from calling import call
from django.core.management import CommandError
from django.utils import translation

from backups.domain.cron import CronFields, FieldError, validate
from backups.messages_schedules import FIELD_HINTS, FIELD_LABELS, field_sentence

FROM = ("--from", "2026-01-01")


@pytest.fixture
def nextruns(db):
    """Run the command; returns exit code, output, and what went to stderr."""
    return functools.partial(call, "nextruns")


def test_it_prints_the_sentence_and_the_dates(nextruns):
    code, out, err = nextruns("--expression", "15 3 * * 1-5", "--count", "3", *FROM)
    assert (code, err) == (0, "")
    words, *dates = out.splitlines()
    assert words == "Montag bis Freitag um 03:15"
    assert dates == ["  Do 01.01.2026 03:15 CET", "  Fr 02.01.2026 03:15 CET", "  Mo 05.01.2026 03:15 CET"]


def test_it_prints_one_json_object(nextruns):
    code, out, _err = nextruns("--expression", "30 2 * * *", "--count", "2", "--from", "2026-03-28T12:00", "--json")
    assert (code, json.loads(out)) == (
        0,
        {
            "ok": True,
            "expression": "30 2 * * *",
            "words": "Jeden Tag um 02:30",
            "active": True,
            "dates": ["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"],
        },
    )


@time_machine.travel("2026-05-01T10:00:30+02:00", tick=False)
def test_without_a_moment_five_dates_from_now_on(nextruns):
    _code, out, _err = nextruns("--expression", "* * * * *", "--json")
    assert [date[11:16] for date in json.loads(out)["dates"]] == ["10:01", "10:02", "10:03", "10:04", "10:05"]


def test_a_moment_may_bring_its_own_zone(nextruns):
    _code, out, _err = nextruns("--expression", "0 * * * *", "--from", "2026-07-01T10:30:00Z", "--count", "1", "--json")
    assert json.loads(out)["dates"] == ["2026-07-01T13:00:00+02:00"]


def test_a_bad_line_ends_with_a_sentence_for_each_field(nextruns, settings):
    settings.LANGUAGE_CODE = "en"
    code, out, err = nextruns("--expression", "60 3 0 * mon-sun")
    assert (code, out) == (2, "")
    minute, day, weekday = err.splitlines()
    assert minute.startswith("Minute: 60 is no value of this field. Allowed are 0 to 59")
    assert day.startswith("Day: 0 is no value of this field. Allowed are 1 to 31")
    assert weekday.startswith("Weekday: “mon-sun” goes down, so it would never be due. Write 1-7 instead.")


def test_a_bad_line_says_in_json_which_fields(nextruns):
    code, out, _err = nextruns("--expression", "60 24 * * *", "--json")
    answer = json.loads(out)
    assert (code, answer["ok"], answer["error"], list(answer["fields"])) == (
        2,
        False,
        "cron-fields",
        ["minute", "hour"],
    )


def test_a_line_with_too_few_fields_is_a_wrong_call(nextruns):
    code, out, _err = nextruns("--expression", "15 3", "--json")
    assert (code, json.loads(out)["error"]) == (2, "field-count")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (("--from", "tomorrow"), "--from: a date or moment such as 2026-11-24 or 2026-11-24T03:15"),
        (("--from", "0001-01-01"), "--from: a year from 1970 to 2999."),
    ],
)
def test_a_wrong_option_is_a_wrong_call(nextruns, wrong, sentence, settings):
    settings.LANGUAGE_CODE = "en"
    assert nextruns("--expression", "* * * * *", *wrong) == (2, "", f"{sentence}\n")


def test_no_dates_at_all_are_a_wrong_call(nextruns):
    with pytest.raises(CommandError, match="--count"):
        nextruns("--expression", "* * * * *", "--count", "0")


def test_a_name_that_is_not_known_is_said_where_there_is_no_schedule(nextruns, settings):
    settings.LANGUAGE_CODE = "en"
    assert nextruns("Night")[2].strip() == "There is no schedule “Night”. Known are: none."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Something has to stand here."),
        ("1 2", "No blank may stand in a field."),
        ("5#1", "The character “#” is not known here."),
        ("5,", "There is a comma too many."),
        ("1," * 60, "That is too long: at most 100 characters."),
        ("1-2-3", "“1-2-3” is not understood."),
        ("x", "“x” is not known here."),
        ("99", "99 is no value of this field."),
        ("7-5", "“7-5” goes down, so it would never be due."),
        ("*/0", "After the slash stands a number from 1 on, not “0”."),
        ("5/2", "“5/2” has a step without a range"),
    ],
)
@pytest.mark.parametrize("name", FIELD_LABELS)
def test_a_sentence_says_what_is_wrong_and_what_is_allowed(name, text, sentence):
    with translation.override("en"):
        (error,) = validate(CronFields(**dict.fromkeys(FIELD_LABELS, "*") | {name: text}))
        assert field_sentence(error).startswith(sentence)
        assert field_sentence(error).endswith(str(FIELD_HINTS[name]))


def test_a_date_that_never_comes_is_explained():
    with translation.override("en"):
        text = field_sentence(FieldError("day", "cron-never", {}))
    assert text == "This date never comes: no chosen month has so many days. Choose an earlier day or another month."
