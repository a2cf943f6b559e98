"""Which of the dates that have come since the last look are done now, and which are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

#: So late a date is still on time: the looks are a minute apart, and a busy server is late.
ON_TIME = timedelta(minutes=5)


@dataclass(frozen=True)
class Terms:
    """How late a schedule makes up for dates, until when it pauses, and which one it leaves out."""

    catch_up: timedelta
    paused_until: datetime | None = None
    skipped: datetime | None = None

    def leaves_out(self, slot: datetime) -> bool:
        return slot == self.skipped or (self.paused_until is not None and slot < self.paused_until)


@dataclass(frozen=True)
class Duty:
    """Each slot is in one of the three: at most one to do, those that are missed, those that were left out."""

    due: datetime | None
    missed: tuple[datetime, ...]
    skipped: tuple[datetime, ...]


def divide(slots: Sequence[datetime], now: datetime, terms: Terms) -> Duty:
    """Divide ``slots`` (UTC, oldest first, none after ``now``).

    Of those that are not left out the newest is done when it is young enough: one backup makes up for all of them,
    but the others are missed all the same.
    """
    skipped = tuple(slot for slot in slots if terms.leaves_out(slot))
    wanted = [slot for slot in slots if not terms.leaves_out(slot)]
    is_young = bool(wanted) and now - wanted[-1] <= max(terms.catch_up, ON_TIME)
    due = wanted.pop() if is_young else None
    return Duty(due, tuple(wanted), skipped)
