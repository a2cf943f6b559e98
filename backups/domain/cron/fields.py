"""The five fields of a crontab line, as Debian's cron reads them, and everything that is wrong with them.

Stricter than that in what it takes for a slip: a range that goes down (cron takes it and never runs), text after a
star (cron ignores it), a day that no month has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from backups.domain.cron.errors import FieldCountError

#: Lowest and highest value by field. Weekdays: 1 is Monday, 0 and 7 are Sunday.
LIMITS = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 7)}
LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
MAX_LENGTH = 100

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NAMES = {
    "month": {name: number for number, name in enumerate(_MONTHS, 1)},
    "weekday": {name: number for number, name in enumerate(_WEEKDAYS)},
}
# ASCII only: other alphabets have digits too, which int() would take.
_STRANGE = re.compile(r"[^0-9A-Za-z*,/-]")
_TERM = re.compile(r"(?:\*|([0-9A-Za-z]+)(?:-([0-9A-Za-z]+))?)(?:/([0-9A-Za-z]+))?")


@dataclass(frozen=True)
class CronFields:
    """The fields as they were typed: possibly wrong (see ``validate``)."""

    minute: str
    hour: str
    day: str
    month: str
    weekday: str

    def __str__(self) -> str:
        return " ".join(getattr(self, name) for name in LIMITS)


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field: its name in ``CronFields``, a code, and what fills the sentence of that code."""

    field: str
    code: str
    params: Mapping[str, str | int]


@dataclass(frozen=True)
class Times:
    """What valid fields mean: sorted values, weekdays 1 (Monday) to 7.

    ``needs_both``: a date must fit both ``days`` and ``weekdays`` (one of the two fields begins with a star), else
    one of them is enough. ``follows_clock``: minute or hour begins with a star, so every real hour counts where the
    clock is changed (see ``next_dates``).
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    needs_both: bool
    follows_clock: bool


#: What the form offers.
PRESETS = {
    "nightly": CronFields("15", "3", "*", "*", "*"),
    "weeknights": CronFields("15", "3", "*", "*", "1-5"),
    "six-hourly": CronFields("0", "*/6", "*", "*", "*"),
    "weekly": CronFields("15", "3", "*", "*", "7"),
}


class _RefusedTerm(Exception):
    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def read_expression(text: str) -> CronFields:
    """Divide a crontab line into its fields, which are not judged yet.

    Raises FieldCountError when there are not five.
    """
    parts = text.split()
    if len(parts) != len(fields(CronFields)):
        raise FieldCountError(len(parts))
    return CronFields(*parts)


def validate(cron: CronFields) -> list[FieldError]:
    """All errors of all fields; the fields can be used when there is none."""
    errors = [error for name in LIMITS for error in _find_errors(name, getattr(cron, name))]
    if not any(error.field in ("day", "month", "weekday") for error in errors) and not _ever_comes(cron):
        errors.append(FieldError("day", "cron-never", {}))
    return errors


def parse(cron: CronFields) -> Times:
    """What the fields mean. Raises ValueError when ``validate`` has something against them."""
    if errors := validate(cron):
        raise ValueError(f"not validated: {errors}")
    minutes, hours, days, months, weekdays = (_values(name, getattr(cron, name)) for name in LIMITS)
    return Times(
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=tuple(sorted(days)),
        months=tuple(sorted(months)),
        weekdays=tuple(sorted({number or 7 for number in weekdays})),
        needs_both=_has_star_first(cron.day, cron.weekday),
        follows_clock=_has_star_first(cron.minute, cron.hour),
    )


def is_several_a_day(cron: CronFields) -> bool:
    """Whether valid fields are due more than once on a day. Raises ValueError as ``parse`` does."""
    times = parse(cron)
    return len(times.hours) * len(times.minutes) > 1


def read_term(name: str, term: str) -> range:
    """The values of one part of a list in the field ``name``: ``1-10/2`` -> 1, 3, 5, 7, 9."""
    match = _TERM.fullmatch(term)
    if match is None:
        raise _RefusedTerm("cron-form", term=term)
    first, last, step = match.groups()
    low, high = LIMITS[name]
    if first is None:
        return range(low, high + 1, _read_step(step))
    start, end = _read_number(name, first), _read_number(name, last or first)
    if step is not None and last is None:
        # Other crons take it for 5-59/10; Debian's refuses it.
        raise _RefusedTerm("cron-step-alone", term=term, instead=f"{first}-{high}/{step}")
    if end < start:
        raise _RefusedTerm("cron-reversed", term=term, instead=_around(name, start, end))
    return range(start, end + 1, _read_step(step))


def _find_errors(name: str, text: str) -> Iterator[FieldError]:
    if general := _find_general_error(name, text):
        yield general
        return
    for term in dict.fromkeys(text.split(",")):
        try:
            read_term(name, term)
        except _RefusedTerm as refused:
            yield FieldError(name, refused.code, refused.params)


def _find_general_error(name: str, text: str) -> FieldError | None:
    if not text:
        return FieldError(name, "cron-empty", {})
    if len(text) > MAX_LENGTH:
        return FieldError(name, "cron-too-long", {"most": MAX_LENGTH})
    if strange := _STRANGE.search(text):
        code = "cron-blank" if strange.group().isspace() else "cron-character"
        return FieldError(name, code, {"character": strange.group()})
    if not all(text.split(",")):
        return FieldError(name, "cron-comma", {})
    return None


def _read_number(name: str, text: str) -> int:
    low, high = LIMITS[name]
    number = _NAMES.get(name, {}).get(text.lower())
    if number is not None:
        return number
    if not text.isdigit():
        raise _RefusedTerm("cron-name", name=text)
    if not low <= int(text) <= high:
        raise _RefusedTerm("cron-outside", number=text)
    return int(text)


def _read_step(text: str | None) -> int:
    if text is None:
        return 1
    if not text.isdigit() or int(text) == 0:
        raise _RefusedTerm("cron-step", step=text)
    return int(text)


def _around(name: str, start: int, end: int) -> str:
    """How to write a range over the end: hours 22-5 are 22-23,0-5, weekdays 6-0 are 6-7."""
    low, high = LIMITS[name]
    if name == "weekday":
        low = 1  # Sunday is the 7 of the first part
    head = f"{start}-{high}" if start < high else f"{high}"
    if end < low:
        return head
    return f"{head},{low}-{end}" if low < end else f"{head},{low}"


def _ever_comes(cron: CronFields) -> bool:
    """Whether any date fits; only a day that none of the months has can prevent it."""
    if not _has_star_first(cron.day, cron.weekday):
        return True
    longest = max(LONGEST_MONTHS[month - 1] for month in _values("month", cron.month))
    return min(_values("day", cron.day)) <= longest


def _values(name: str, text: str) -> set[int]:
    return {value for term in text.split(",") for value in read_term(name, term)}


def _has_star_first(*texts: str) -> bool:
    return any(text.startswith("*") for text in texts)
