"""The words of the describer, in German and English. Kept here as data: this side of the wall knows no gettext."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Vocabulary:
    """One language: names, and templates that are filled with lists of names, numbers or times."""

    weekdays: tuple[str, ...]  # from Monday
    months: tuple[str, ...]
    ordinal: Callable[[int], str]
    and_: str
    or_: str
    to: str
    # times
    at: str
    every_minute: str
    every_minutes: str
    every_full_hour: str
    every_hour: str
    every_hours: str
    starting: str
    span: str
    at_minute: str
    at_minutes: str
    in_hour: str
    in_hours: str
    # dates
    daily: str
    every_weekday: str
    weekday_range: str
    in_months: str
    in_month_range: str
    on_days: str
    on_day_range: str
    odd_days: str
    even_days: str
    of_every_month: str
    of_one_month: str
    of_months: str
    of_month_range: str
    leap_day: str
    if_long_enough: str
    only_on: str
    also: str


def _english_ordinal(number: int) -> str:
    suffix = "th" if number in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


GERMAN = Vocabulary(
    weekdays=("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    months=(
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ),
    ordinal=lambda number: f"{number}.",
    and_="und",
    or_="oder",
    to="bis",
    at="um {times}",
    every_minute="jede Minute",
    every_minutes="alle {n} Minuten",
    every_full_hour="zu jeder vollen Stunde",
    every_hour="jede Stunde",
    every_hours="alle {n} Stunden",
    starting="ab {time}",
    span="von {first} bis {last}",
    at_minute="zur Minute {minutes}",
    at_minutes="zu den Minuten {minutes}",
    in_hour="in der Stunde {hours}",
    in_hours="in den Stunden {hours}",
    daily="jeden Tag",
    every_weekday="jeden {weekdays}",
    weekday_range="{first} bis {last}",
    in_months="im {months}",
    in_month_range="von {first} bis {last}",
    on_days="am {days}",
    on_day_range="vom {first} bis {last}",
    odd_days="an den ungeraden Tagen",
    even_days="an den geraden Tagen",
    of_every_month="{days} jedes Monats",
    of_one_month="jedes Jahr {days} {months}",
    of_months="{days} im {months}",
    of_month_range="{days} jedes Monats von {first} bis {last}",
    leap_day="in Schaltjahren am 29. Februar",
    if_long_enough="(sofern der Monat so lang ist)",
    only_on="(nur wenn das ein {weekdays} ist)",
    also="und ausserdem",
)

ENGLISH = Vocabulary(
    weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    months=(
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    ordinal=_english_ordinal,
    and_="and",
    or_="or",
    to="to",
    at="at {times}",
    every_minute="every minute",
    every_minutes="every {n} minutes",
    every_full_hour="every hour on the hour",
    every_hour="every hour",
    every_hours="every {n} hours",
    starting="from {time}",
    span="from {first} to {last}",
    at_minute="at minute {minutes}",
    at_minutes="at minutes {minutes}",
    in_hour="during hour {hours}",
    in_hours="during hours {hours}",
    daily="every day",
    every_weekday="every {weekdays}",
    weekday_range="{first} to {last}",
    in_months="in {months}",
    in_month_range="from {first} to {last}",
    on_days="on the {days}",
    on_day_range="from the {first} to the {last}",
    odd_days="on the odd days",
    even_days="on the even days",
    of_every_month="{days} of every month",
    of_one_month="every year {days} of {months}",
    of_months="{days} of {months}",
    of_month_range="{days} of every month from {first} to {last}",
    leap_day="in leap years on the 29th of February",
    if_long_enough="(if the month is that long)",
    only_on="(only if that is a {weekdays})",
    also="and also",
)

VOCABULARIES = {"de": GERMAN, "en": ENGLISH}
