"""The moments at which a crontab line is due, where clocks are changed too.

cronsim finds the times on the wall; which moments these are, is decided here, for cronsim 2.8 passes over due minutes
where the clock goes back by half an hour, and names times that no clock shows where it is changed at midnight.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import groupby, takewhile

from cronsim import CronSim

from backups.domain.cron.fields import CronFields, parse, read_term

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


def next_dates(cron: CronFields, after: datetime, zone: tzinfo) -> Iterator[datetime]:
    """All moments later than ``after`` (aware) at which the fields are due in ``zone``: UTC, strictly increasing.

    As Debian's cron does it. At fixed times: once, the first time, when the clock passes them twice; at the end of
    the gap when it skips them. With a star as the first character of minute or hour: at every real moment that fits,
    so twice in autumn and not at all in the hour that is skipped in spring.
    Raises ValueError when the fields are not valid or ``after`` has no time zone.
    """
    if after.tzinfo is None:
        raise ValueError(f"after must be aware: {after}")
    times = parse(cron)
    return _later_ones(_walls(cron, after, zone), after.astimezone(UTC), zone, follows_clock=times.follows_clock)


def slots_between(cron: CronFields, start: datetime, end: datetime, zone: tzinfo) -> list[datetime]:
    """All moments in (start, end] at which the fields are due, in UTC, strictly increasing.

    That is one for each minute at most: the caller bounds the time. Raises ValueError as ``next_dates`` does.
    """
    return list(takewhile(lambda moment: moment <= end, next_dates(cron, start, zone)))


def _walls(cron: CronFields, after: datetime, zone: tzinfo) -> Iterator[datetime]:
    """The fitting times on the wall in order, from somewhat before ``after`` to the end of the calendar."""
    try:
        # A day earlier: a time that is skipped comes later than its name says.
        yield from CronSim(_for_cronsim(cron), after.astimezone(zone).replace(tzinfo=None) - _DAY)
    except OverflowError:
        return


def _for_cronsim(cron: CronFields) -> str:
    """The five fields with ranges written out, for cronsim takes 5-5/10 for 5-59/10."""
    return " ".join(_write_out(name, text) for name, text in vars(cron).items())


def _write_out(name: str, text: str) -> str:
    terms = (term if "*" in term else ",".join(map(str, read_term(name, term))) for term in text.split(","))
    return ",".join(terms)


def _later_ones(walls: Iterable[datetime], after: datetime, zone: tzinfo, *, follows_clock: bool) -> Iterator[datetime]:
    to_moments = _all_moments if follows_clock else _first_moment
    for _day, batch in groupby(walls, key=datetime.date):
        # The hour that comes twice makes the order on the wall another one than that in time.
        for moment in sorted({moment for wall in batch for moment in to_moments(wall, zone)}):
            if moment > after:
                yield moment
                after = moment


def _all_moments(wall: datetime, zone: tzinfo) -> list[datetime]:
    """The two, one or no moments at which clocks show ``wall``."""
    moments = {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return [moment for moment in moments if _is_shown_at(moment, wall, zone)]


def _first_moment(wall: datetime, zone: tzinfo) -> list[datetime]:
    """The first moment at which clocks show ``wall``, or, when they skip it, the next minute that they show."""
    while True:
        moment = wall.replace(tzinfo=zone).astimezone(UTC)
        if _is_shown_at(moment, wall, zone):
            return [moment]
        wall += _MINUTE


def _is_shown_at(moment: datetime, wall: datetime, zone: tzinfo) -> bool:
    return moment.astimezone(zone).replace(tzinfo=None) == wall
