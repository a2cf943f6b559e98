"""What is wrong with crontab fields, each at its own; Debian's real crontab is asked too."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from minutes import RANGES, any_fields, values

from backups.domain.cron import (
    MAX_LENGTH,
    PRESETS,
    CronFields,
    FieldCountError,
    FieldError,
    describe,
    read_expression,
    validate,
)

USUAL = CronFields("15", "3", "*", "*", "*")
LETTERS = "0123456789*,/-LW#? \n\tjanmosu٣"

# Field, text, code; the other fields are right. Some of them Debian's cron refuses too, others it misunderstands.
REFUSES = "refused by Debian"
BAD = [
    ("minute", "", "cron-empty", None),
    ("minute", " ", "cron-blank", None),
    ("minute", "15 3", "cron-blank", None),
    ("minute", "5\n* * * * * root", "cron-blank", None),
    ("hour", "3\t", "cron-blank", None),
    ("day", "1, 15", "cron-blank", None),
    ("weekday", "*\u00a0", "cron-blank", None),
    ("minute", "٣", "cron-character", REFUSES),
    ("hour", "３", "cron-character", REFUSES),
    ("minute", "+5", "cron-character", REFUSES),
    ("minute", "5.5", "cron-character", None),
    ("minute", "~", "cron-character", REFUSES),
    ("hour", "3:15", "cron-character", None),
    ("day", "?", "cron-character", REFUSES),
    ("weekday", "5#2", "cron-character", None),
    ("month", "mär", "cron-character", REFUSES),
    ("minute", "1," * 50 + "1", "cron-too-long", None),
    ("minute", ",", "cron-comma", REFUSES),
    ("minute", "5,", "cron-comma", REFUSES),
    ("hour", "5,,7", "cron-comma", REFUSES),
    ("minute", "60", "cron-outside", REFUSES),
    ("minute", "50-61", "cron-outside", REFUSES),
    ("minute", "99999999999999999999", "cron-outside", REFUSES),
    ("hour", "24", "cron-outside", REFUSES),
    ("day", "0", "cron-outside", REFUSES),
    ("day", "0-7", "cron-outside", REFUSES),
    ("day", "32", "cron-outside", REFUSES),
    ("month", "0", "cron-outside", REFUSES),
    ("month", "13", "cron-outside", REFUSES),
    ("weekday", "8", "cron-outside", REFUSES),
    ("minute", "-5", "cron-form", REFUSES),
    ("minute", "5-", "cron-form", REFUSES),
    ("minute", "1-2-3", "cron-form", None),
    ("minute", "**", "cron-form", None),
    ("minute", "*5", "cron-form", None),
    ("minute", "*-5", "cron-form", None),
    ("minute", "/5", "cron-form", REFUSES),
    ("minute", "*/", "cron-form", REFUSES),
    ("minute", "1-9/2/3", "cron-form", None),
    ("hour", "22-6", "cron-reversed", None),
    ("month", "nov-feb", "cron-reversed", None),
    ("weekday", "mon-sun", "cron-reversed", None),
    ("weekday", "fri-mon", "cron-reversed", None),
    ("minute", "*/0", "cron-step", REFUSES),
    ("minute", "1-9/00", "cron-step", REFUSES),
    ("minute", "*/x", "cron-step", REFUSES),
    ("weekday", "*/mon", "cron-step", REFUSES),
    ("minute", "5/10", "cron-step-alone", REFUSES),
    ("weekday", "mon/2", "cron-step-alone", REFUSES),
    ("day", "L", "cron-name", REFUSES),
    ("day", "15W", "cron-name", REFUSES),
    ("day", "jan", "cron-name", REFUSES),
    ("minute", "mon", "cron-name", REFUSES),
    ("month", "mon", "cron-name", REFUSES),
    ("month", "january", "cron-name", REFUSES),
    ("weekday", "jan", "cron-name", REFUSES),
    ("weekday", "5L", "cron-name", REFUSES),
    ("weekday", "Mo", "cron-name", REFUSES),
]


def codes(cron):
    return [(error.field, error.code) for error in validate(cron)]


def debian_takes(*tables):
    """For each list of fields whether the real crontab takes it; its spool is one of our own."""
    with TemporaryDirectory() as folder:
        for number, crons in enumerate(tables):
            Path(folder, f"{number}.tab").write_text("".join(f"{cron} true\n" for cron in crons))
        ask = f"for i in $(seq 0 {len(tables) - 1}); do crontab {folder}/$i.tab 2>/dev/null; echo $?; done"
        script = f"mount -t tmpfs none /var/spool/cron && mkdir -m 1730 /var/spool/cron/crontabs && {ask}"
        done = subprocess.run(["unshare", "-r", "--mount", "sh", "-c", script], capture_output=True, check=True)
    return [code == b"0" for code in done.stdout.split()]


@pytest.mark.parametrize(("name", "text", "code", "_debian"), BAD)
def test_an_error_stands_at_its_field(name, text, code, _debian):
    assert codes(replace(USUAL, **{name: text})) == [(name, code)]


@pytest.mark.parametrize(("day", "month"), [("31", "2"), ("30", "feb"), ("30,31", "2"), ("31", "4,6,9,11")])
@pytest.mark.parametrize("weekday", ["*", "*/2"])
def test_a_date_that_never_comes_is_an_error_of_the_day(day, month, weekday):
    assert codes(replace(USUAL, day=day, month=month, weekday=weekday)) == [("day", "cron-never")]


@pytest.mark.parametrize(("day", "month", "weekday"), [("29", "2", "*"), ("31", "2", "1"), ("31", "2,3", "*")])
def test_a_date_that_comes_some_time_is_right(day, month, weekday):
    assert validate(replace(USUAL, day=day, month=month, weekday=weekday)) == []


def test_all_errors_are_found_at_once():
    cron = CronFields("60,61", "24", "0", "13", "8,x")
    assert [error.field for error in validate(cron)] == [
        "minute",
        "minute",
        "hour",
        "day",
        "month",
        "weekday",
        "weekday",
    ]


def test_a_date_that_never_comes_is_found_beside_a_wrong_hour():
    assert codes(CronFields("0", "24", "31", "2", "*")) == [("hour", "cron-outside"), ("day", "cron-never")]


@pytest.mark.parametrize(
    ("name", "text", "instead"),
    [
        ("hour", "22-6", "22-23,0-6"),
        ("hour", "23-0", "23,0"),
        ("month", "nov-feb", "11-12,1-2"),
        ("weekday", "mon-sun", "1-7"),
        ("weekday", "fri-mon", "5-7,1"),
        ("weekday", "6-2", "6-7,1-2"),
        ("minute", "5/10", "5-59/10"),
        ("weekday", "mon/2", "mon-7/2"),
    ],
)
def test_what_is_offered_instead_is_right(name, text, instead):
    (error,) = validate(replace(USUAL, **{name: text}))
    assert error == FieldError(name, error.code, {"term": text, "instead": instead})
    assert validate(replace(USUAL, **{name: instead})) == []


def test_a_hundred_characters_are_not_too_long():
    text = "10," * 33 + "1"
    assert len(text) == MAX_LENGTH
    assert validate(replace(USUAL, minute=text)) == []


def test_names_may_be_written_in_any_case():
    assert validate(CronFields("0", "0", "*", "JAN-Mar,dec", "mON,Wed-FRI")) == []


def test_a_line_is_divided_into_its_fields():
    assert read_expression(" 15  3\t* * 1-5 ") == CronFields("15", "3", "*", "*", "1-5")


@pytest.mark.parametrize("line", ["", "15 3 * *", "15 3 * * 1-5 root", "@daily"])
def test_a_line_without_five_fields_is_refused(line):
    with pytest.raises(FieldCountError) as caught:
        read_expression(line)
    assert caught.value.found == len(line.split())


def test_what_the_form_offers_is_right():
    assert {name: describe(cron, "en") for name, cron in PRESETS.items()} == {
        "nightly": "Every day at 03:15",
        "weeknights": "Monday to Friday at 03:15",
        "six-hourly": "Every 6 hours",
        "weekly": "Every Sunday at 03:15",
    }


@given(st.tuples(*[st.text(LETTERS, max_size=8)] * 5))
def test_whatever_is_typed_gets_errors_or_a_meaning(texts):
    cron = CronFields(*texts)
    if validate(cron):
        assert {error.field for error in validate(cron)} <= set(RANGES)
    else:
        assert all(values(name, getattr(cron, name)) for name in RANGES)
        assert read_expression(str(cron)) == cron


@settings(max_examples=10, deadline=None)
@given(st.lists(any_fields, min_size=50, max_size=100))
def test_debian_takes_all_that_we_take(crons):
    assert debian_takes([cron for cron in crons if not validate(cron)]) == [True]


def test_debian_refuses_what_the_table_says():
    asked = [replace(USUAL, **{name: text}) for name, text, _code, debian in BAD if debian]
    taken = debian_takes(*[[cron] for cron in asked])
    assert [str(cron) for cron, is_taken in zip(asked, taken, strict=True) if is_taken] == []
