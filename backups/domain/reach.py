"""How far back the archives of schedules reach once they have run for a while: at the least, never at the best."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from backups.domain.retention import Policy

#: Dates that are enough to find the narrowest place of a schedule.
DATES_LOOKED_AT = 200
_MOST_STEPS = 50
_PERIOD_LENGTHS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
    "monthly": timedelta(days=28),
    "yearly": timedelta(days=365),
}


def least_reach(dates: Sequence[datetime], policies: Sequence[Policy]) -> timedelta:
    """The time between the newest archive of a series and the oldest that stays, right after the worst of ``dates``.

    ``dates``: those to come of all that write into the series, increasing. ``policies``: all that cover it; what any
    of them keeps stays, so the furthest counts. Zero when only one archive stays.
    """
    return max((_reach_of(dates, policy) for policy in policies), default=timedelta(0))


def least_gap(dates: Sequence[datetime]) -> timedelta:
    """The shortest time between two of ``dates``, of which there are at least two."""
    return _narrowest(dates, 1)


def _reach_of(dates: Sequence[datetime], policy: Policy) -> timedelta:
    lengths = [_span(dates, policy.last)]
    for period, length in _PERIOD_LENGTHS.items():
        places = policy.places(period)
        if places:  # right after midnight the first of n days is over, and of the last one the end alone is left
            lengths += [_span(dates, places), (places - 2) * length]
    return max(lengths)


def _span(dates: Sequence[datetime], count: int) -> timedelta:
    """The narrowest place of ``count`` dates that follow one another."""
    whole, rest = divmod(count - 1, _MOST_STEPS)
    return whole * _narrowest(dates, _MOST_STEPS) + _narrowest(dates, rest)


def _narrowest(dates: Sequence[datetime], steps: int) -> timedelta:
    widths = [later - earlier for earlier, later in zip(dates, dates[steps:], strict=False)]
    return min(widths, default=dates[-1] - dates[0] if dates else timedelta(0))
