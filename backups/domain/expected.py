"""What may be expected of schedules and of archives: which dates are behind us, and how fast the archives grow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import islice

from backups.domain.cron import CronFields, next_dates, slots_between
from backups.domain.duty import Terms

#: Growing, so that a line that is due every minute is never written out for years.
_LOOK_BACK = tuple(timedelta(hours=hours) for hours in (1, 24, 24 * 8, 24 * 70, 24 * 400))
_SHORTEST_MARGIN, _LONGEST_MARGIN = timedelta(hours=2), timedelta(days=1)


@dataclass(frozen=True)
class Rhythm:
    """The dates of a schedule as they count since it was last changed."""

    cron: CronFields
    terms: Terms
    since: datetime
    zone: tzinfo


def wanted_since(rhythm: Rhythm, now: datetime) -> datetime | None:
    """The newest date whose backup should be there: the last one that is longer ago than the margin."""
    return _last_slot(rhythm, now - margin(rhythm, now))


def proof_since(rhythm: Rhythm, now: datetime) -> datetime | None:
    """The same of the backup before it: one test restore may fail to come, not two."""
    newest = wanted_since(rhythm, now)
    return None if newest is None else _last_slot(rhythm, newest - timedelta(minutes=1))


def margin(rhythm: Rhythm, now: datetime) -> timedelta:
    """Half the present distance of two dates, from two hours to a day: so late a backup may be."""
    coming = list(islice(next_dates(rhythm.cron, now, rhythm.zone), 1))
    last = _last_of(rhythm, now)
    if not coming or last is None:
        return _LONGEST_MARGIN
    return min(max((coming[0] - last) / 2, _SHORTEST_MARGIN), _LONGEST_MARGIN)


def overdue_slot(rhythm: Rhythm, until: datetime) -> datetime | None:
    """The first date after ``since``, up to ``until``, that is not left out."""
    slots = slots_between(rhythm.cron, max(rhythm.since, until - _LOOK_BACK[1]), until, rhythm.zone)
    return next((slot for slot in slots if not rhythm.terms.leaves_out(slot)), None)


def _last_slot(rhythm: Rhythm, until: datetime) -> datetime | None:
    """The last date up to ``until`` that counts and is not left out."""
    slot = _last_of(rhythm, until)
    if slot is not None and slot == rhythm.terms.skipped:
        slot = _last_of(rhythm, slot - timedelta(minutes=1))
    if slot is None or slot <= rhythm.since or rhythm.terms.leaves_out(slot):
        return None  # a pause leaves out all that came before its end
    return slot


def _last_of(rhythm: Rhythm, until: datetime) -> datetime | None:
    for back in _LOOK_BACK:
        slots = slots_between(rhythm.cron, until - back, until, rhythm.zone)
        if slots:
            return slots[-1]
    return None


def daily_growth(archives: Sequence[tuple[datetime, int]], keep: int) -> float:
    """Bytes by which one series grows in a day; ``archives``: moments and sizes, the newest first.

    As long as there are fewer than ``keep``, each new one comes to the others; then it takes the place of the oldest.
    """
    if len(archives) < 2:
        return 0.0
    (newest_at, newest), (oldest_at, oldest) = archives[0], archives[-1]
    days = max((newest_at - oldest_at) / timedelta(days=1), 1 / 24)
    per_day = (len(archives) - 1) / days
    return per_day * (newest if len(archives) < keep else newest - oldest)
