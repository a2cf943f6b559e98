"""A crontab line in words: "Montag bis Freitag um 03:15". Usual shapes read well, the others are longer but true."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from backups.domain.cron.fields import LONGEST_MONTHS, CronFields, Times, parse
from backups.domain.cron.vocabulary import ENGLISH, VOCABULARIES, Vocabulary

_FEWEST_REGULAR = 3  # fewer times are listed, however regular
_MOST_TIMES = 12  # more are not listed one by one
_MOST_SPANS = 3
_SHORTEST_RUN = 3  # from here on "Monday to Wednesday" instead of a list
_FEBRUARY = 2


def describe(cron: CronFields, language: str) -> str:
    """When the fields are due, as one sentence without a full stop, in "de" or "en" (also for other languages).

    Raises ValueError when the fields are not valid.
    """
    times = parse(cron)
    words = VOCABULARIES.get(language.lower().partition("-")[0], ENGLISH)
    dates = _say_dates(times, words)
    regular = _say_regular_clock(times, words)
    if regular is None and len(times.hours) * len(times.minutes) <= _MOST_TIMES:
        text = f"{dates or words.daily} {words.at.format(times=_list_times(times, words))}"
    else:
        clock = regular or _say_numbers(times, words)
        text = f"{clock}, {dates}" if dates else clock
    return text[0].upper() + text[1:]


# --- the time of day ---


def _say_regular_clock(times: Times, words: Vocabulary) -> str | None:
    """What repeats itself regularly; None for times that have to be listed."""
    if len(times.hours) * len(times.minutes) < _FEWEST_REGULAR:
        return None
    if len(times.minutes) == 1:
        return _say_hourly(times.minutes[0], times.hours, words)
    step = _step_of(times.minutes, 60)
    runs = _runs(times.hours)
    if times.minutes[0] == 0 and step is not None and len(runs) <= _MOST_SPANS:
        every = _say_every(step, words)
        last = times.minutes[-1]
        spans = [words.span.format(first=_clock(run[0], 0), last=_clock(run[-1], last)) for run in runs]
        return every if _is_whole_day(times) else f"{every} {_join(spans, words.and_)}"
    return _say_run_of_minutes(times, words)


def _say_hourly(minute: int, hours: Sequence[int], words: Vocabulary) -> str | None:
    """One minute of the hour, in hours that follow each other regularly."""
    if len(hours) == 24:
        return words.every_full_hour if minute == 0 else f"{words.every_hour} {words.at_minute.format(minutes=minute)}"
    first, last = _clock(hours[0], minute), _clock(hours[-1], minute)
    step = _step_of(hours, 24)
    if step is not None:
        every = words.every_hours.format(n=step)
        return every if first == "00:00" else f"{every} {words.starting.format(time=first)}"
    if _is_run(hours):
        return f"{words.every_hour} {words.span.format(first=first, last=last)}"
    return None


def _say_run_of_minutes(times: Times, words: Vocabulary) -> str | None:
    """Minutes without a gap within one hour."""
    if len(times.hours) > 1 or len(times.minutes) < _SHORTEST_RUN or not _is_run(times.minutes):
        return None
    first, last = (_clock(times.hours[0], minute) for minute in (times.minutes[0], times.minutes[-1]))
    return f"{words.every_minute} {words.span.format(first=first, last=last)}"


def _say_every(step: int, words: Vocabulary) -> str:
    return words.every_minute if step == 1 else words.every_minutes.format(n=step)


def _is_whole_day(times: Times) -> bool:
    return len(times.hours) == 24


def _list_times(times: Times, words: Vocabulary) -> str:
    return _join([_clock(hour, minute) for hour in times.hours for minute in times.minutes], words.and_)


def _say_numbers(times: Times, words: Vocabulary) -> str:
    """Minutes and hours by their numbers, for want of anything regular."""
    step = _step_of(times.minutes, 60)
    if times.minutes[0] == 0 and step is not None:
        minutes = _say_every(step, words)
    else:
        template = words.at_minute if len(times.minutes) == 1 else words.at_minutes
        minutes = template.format(minutes=_list_numbers(times.minutes, words, str))
    if _is_whole_day(times):
        return f"{words.every_hour} {minutes}"
    template = words.in_hour if len(times.hours) == 1 else words.in_hours
    return f"{minutes} {template.format(hours=_list_numbers(times.hours, words, str))}"


def _clock(hour: int, minute: int) -> str:
    return f"{hour:02}:{minute:02}"


# --- the date ---


def _say_dates(times: Times, words: Vocabulary) -> str:
    """The dates of the year; empty for every day."""
    has_all_days, has_all_weekdays = len(times.days) == 31, len(times.weekdays) == 7
    is_daily = all if times.needs_both else any
    if is_daily((has_all_days, has_all_weekdays)):
        return _with_months(words.daily, times, words) if len(times.months) < 12 else ""
    if has_all_days:
        return _with_months(_say_weekdays(times.weekdays, words), times, words)
    if times.needs_both and not has_all_weekdays:
        names = [words.weekdays[number - 1] for number in times.weekdays]
        days = _say_days(times, words, with_condition=False)
        return f"{days} {words.only_on.format(weekdays=_join(names, words.or_))}"
    days = _say_days(times, words)
    if has_all_weekdays:
        return days
    weekdays = _with_months(_say_weekdays(times.weekdays, words), times, words)
    return f"{days} {words.also} {weekdays}" if days else weekdays


def _say_weekdays(weekdays: Sequence[int], words: Vocabulary) -> str:
    names = [words.weekdays[number - 1] for number in weekdays]
    if len(names) >= _SHORTEST_RUN and _is_run(weekdays):
        return words.weekday_range.format(first=names[0], last=names[-1])
    return words.every_weekday.format(weekdays=_join(names, words.and_))


def _with_months(text: str, times: Times, words: Vocabulary) -> str:
    if len(times.months) == 12:
        return text
    names = [words.months[number - 1] for number in times.months]
    if len(names) >= _SHORTEST_RUN and _is_run(times.months):
        return f"{text} {words.in_month_range.format(first=names[0], last=names[-1])}"
    return f"{text} {words.in_months.format(months=_join(names, words.and_))}"


def _say_days(times: Times, words: Vocabulary, *, with_condition: bool = True) -> str:
    """Days of the month, without those that none of the months has; empty when none is left.

    The condition says that not every month, or not every February, has the last of these days.
    """
    longest = max(LONGEST_MONTHS[month - 1] for month in times.months)
    days = [day for day in times.days if day <= longest]
    if not days:
        return ""
    if days == [29] and times.months == (_FEBRUARY,):
        return words.leap_day
    for first, odd_or_even in ((1, words.odd_days), (2, words.even_days)):
        if days == list(range(first, longest + 1, 2)):
            return _of_months(odd_or_even, times.months, words, one_month=words.of_months)
    text = _of_months(_list_days(days, words), times.months, words, one_month=words.of_one_month)
    shortest = min(28 if month == _FEBRUARY else LONGEST_MONTHS[month - 1] for month in times.months)
    return f"{text} {words.if_long_enough}" if with_condition and days[-1] > shortest else text


def _list_days(days: Sequence[int], words: Vocabulary) -> str:
    if len(days) >= _SHORTEST_RUN and _is_run(days):
        return words.on_day_range.format(first=words.ordinal(days[0]), last=words.ordinal(days[-1]))
    return words.on_days.format(days=_list_numbers(days, words, words.ordinal))


def _of_months(days: str, months: Sequence[int], words: Vocabulary, *, one_month: str) -> str:
    names = [words.months[number - 1] for number in months]
    if len(names) == 12:
        return words.of_every_month.format(days=days)
    if len(names) == 1:
        return one_month.format(days=days, months=names[0])
    if len(names) >= _SHORTEST_RUN and _is_run(months):
        return words.of_month_range.format(days=days, first=names[0], last=names[-1])
    return words.of_months.format(days=days, months=_join(names, words.and_))


# --- lists ---


def _step_of(values: Sequence[int], circle: int) -> int | None:
    """The step with which the values go round the whole circle of hours or minutes; None when they do not."""
    step = circle // len(values)
    is_regular = circle % len(values) == 0 and list(values) == list(range(values[0], circle, step))
    return step if is_regular and len(values) > 1 else None


def _is_run(values: Sequence[int]) -> bool:
    return values[-1] - values[0] == len(values) - 1


def _runs(values: Sequence[int]) -> list[list[int]]:
    """The values in groups without a gap: 1, 2, 3, 7 -> [1, 2, 3], [7]."""
    groups: list[list[int]] = []
    for value in values:
        if groups and groups[-1][-1] == value - 1:
            groups[-1].append(value)
        else:
            groups.append([value])
    return groups


def _list_numbers(values: Sequence[int], words: Vocabulary, show: Callable[[int], str]) -> str:
    return _join(list(_short(values, words, show)), words.and_)


def _short(values: Sequence[int], words: Vocabulary, show: Callable[[int], str]) -> Iterator[str]:
    for run in _runs(values):
        if len(run) >= _SHORTEST_RUN:
            yield f"{show(run[0])} {words.to} {show(run[-1])}"
        else:
            yield from map(show, run)


def _join(items: Sequence[str], last: str) -> str:
    """``a, b und c``"""
    return f"{', '.join(items[:-1])} {last} {items[-1]}" if len(items) > 1 else items[0]
