"""A slow model of cron that looks at every minute, and crontab fields at random."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from backups.domain.cron import CronFields

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
RANGES = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 7)}
MINUTE = timedelta(minutes=1)


def due_minutes(cron, start, end, zone):
    """All minutes in (start, end] at which the fields are due, in UTC."""
    minute = start.astimezone(UTC).replace(second=0, microsecond=0) + MINUTE
    found = []
    while minute <= end:
        if is_due(cron, minute, zone):
            found.append(minute)
        minute += MINUTE
    return found


def first_due(cron, start, zone, count):
    """The next ``count`` due minutes; only days on which none can be are passed over at once."""
    found, day = [], start.astimezone(zone).date()
    while len(found) < count:
        if fits_date(cron, day):
            begin = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC) - MINUTE
            found += due_minutes(cron, max(start, begin), begin + timedelta(days=1, hours=1), zone)
            found = sorted(set(found))
        day += timedelta(days=1)
    return found[:count]


def is_due(cron, minute, zone):
    wall = minute.astimezone(zone)
    if cron.minute.startswith("*") or cron.hour.startswith("*"):
        return fits(cron, wall)
    return (fits(cron, wall) and not wall.fold) or any(fits(cron, skipped) for skipped in skipped_before(wall, minute))


def skipped_before(wall, minute):
    """The times that clocks jumped over just before ``wall``."""
    before = (minute - MINUTE).astimezone(wall.tzinfo).replace(tzinfo=None) + MINUTE
    while before < wall.replace(tzinfo=None):
        yield before
        before += MINUTE


def fits(cron, wall):
    return (
        wall.minute in values("minute", cron.minute)
        and wall.hour in values("hour", cron.hour)
        and fits_date(cron, wall)
    )


def fits_date(cron, date):
    if date.month not in values("month", cron.month):
        return False
    by_day = date.day in values("day", cron.day)
    by_weekday = date.isoweekday() % 7 in {number % 7 for number in values("weekday", cron.weekday)}
    if cron.day[0] == "*" or cron.weekday[0] == "*":
        return by_day and by_weekday
    return by_day or by_weekday


def values(name, text):
    if (name, text) not in _seen:
        _seen[name, text] = {number for part in text.split(",") for number in part_values(name, part)}
    return _seen[name, text]


_seen = {}


def part_values(name, part):
    low, high = RANGES[name]
    bounds, _slash, step = part.partition("/")
    first, _dash, last = bounds.partition("-")
    if first == "*":
        return range(low, high + 1, int(step or 1))
    return range(number(name, first), number(name, last or first) + 1, int(step or 1))


def number(name, text):
    if name == "month" and text.lower() in MONTHS:
        return MONTHS.index(text.lower()) + 1
    if name == "weekday" and text.lower() in WEEKDAYS:
        return WEEKDAYS.index(text.lower())
    return int(text)


@st.composite
def parts(draw, name):
    """One part of a list; a few steps go too far on purpose."""
    low, high = RANGES[name]
    kind = draw(st.sampled_from(["star", "star-step", "number", "number", "range", "range-step"]))
    step = draw(st.integers(1, high + 2))
    if kind.startswith("star"):
        return "*" if kind == "star" else f"*/{step}"
    first, last = sorted((draw(st.integers(low, high)), draw(st.integers(low, high))))
    if kind == "number":
        names = {"month": ["", *MONTHS], "weekday": WEEKDAYS}.get(name)
        return draw(st.sampled_from([str(first), names[first].upper()])) if names and first < len(names) else str(first)
    return f"{first}-{last}" if kind == "range" else f"{first}-{last}/{step}"


def texts(name):
    lists = st.lists(parts(name), min_size=1, max_size=4).map(",".join)
    return st.one_of(st.just("*"), lists)


any_fields = st.builds(CronFields, **{name: texts(name) for name in RANGES})
