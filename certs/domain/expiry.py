"""When people are told that a certificate ends: 30, 14, 7 and 1 days before, and every day when it has ended."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

_DAY = dt.timedelta(days=1)
FIRST = 30 * _DAY
#: Who renews itself does so 30 days before the end; two days later it has not worked.
FIRST_WHERE_RENEWED = 28 * _DAY
#: A new root must reach every device: that takes time.
FIRST_OF_AUTHORITY = 180 * _DAY
_AGAIN = (90 * _DAY, 30 * _DAY, 14 * _DAY, 7 * _DAY, 1 * _DAY)
_URGENT = 7 * _DAY


@dataclass(frozen=True)
class Ending:
    """``reminders``: when people are told again, None every day; ``is_urgent``: browsers warn soon, or warn already."""

    ends_at: dt.datetime
    is_over: bool
    is_urgent: bool
    reminders: tuple[dt.datetime, ...] | None


def judge_end(ends_at: dt.datetime, now: dt.datetime, first: dt.timedelta = FIRST) -> Ending | None:
    """What is to be said; None as long as there is more than ``first`` left."""
    left = ends_at - now
    if left > first:
        return None
    if left <= dt.timedelta(0):
        return Ending(ends_at, is_over=True, is_urgent=True, reminders=None)
    reminders = tuple(ends_at - before for before in _AGAIN if before < first)
    return Ending(ends_at, is_over=False, is_urgent=left <= _URGENT, reminders=reminders)
