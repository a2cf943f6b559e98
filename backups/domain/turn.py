"""Older archives are checked in turn: which hours of the night, which archive is next, and whether it still fits in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

#: An archive that was checked so recently waits for another night.
FRESH = timedelta(hours=20)
# Slow on purpose: a disk on the network, and a small server that does something else as well.
_READ_BYTES_PER_SECOND = 50_000_000
_UNPACK_BYTES_PER_SECOND = 25_000_000
_SERVER_SECONDS = 30.0
_MARGIN = 1.3


@dataclass(frozen=True)
class Window:
    """A part of each day, by the clock of ``zone``; it may go over midnight."""

    start: time
    end: time
    zone: ZoneInfo

    def around(self, now: datetime) -> tuple[datetime, datetime] | None:
        """Begin and end (UTC) of the window in which ``now`` lies; None outside."""
        today = now.astimezone(self.zone).date()
        spans = [self._span(day) for day in (today, today - timedelta(days=1))]
        return next(((start, end) for start, end in spans if start <= now < end), None)

    def _span(self, day: date) -> tuple[datetime, datetime]:
        last_day = day if self.start < self.end else day + timedelta(days=1)
        return self._moment(day, self.start), self._moment(last_day, self.end)

    def _moment(self, day: date, clock: time) -> datetime:
        # In UTC before anything is compared: between two times of one zone Python ignores that the clock changes.
        return datetime.combine(day, clock, self.zone).astimezone(UTC)


def next_moment(clock: time, now: datetime, zone: ZoneInfo) -> datetime:
    """The next moment (UTC) at which the clock of ``zone`` shows ``clock``."""
    today = now.astimezone(zone).date()
    moments = (datetime.combine(today + timedelta(days=ahead), clock, zone).astimezone(UTC) for ahead in range(3))
    return next(moment for moment in moments if moment > now)


@dataclass(frozen=True)
class Candidate:
    """An archive that may be checked. Sizes in bytes; ``last_seconds``: how long its last proof took, 0 unknown.

    ``is_read_only``: of a database, without the proof that it starts.
    """

    name: str
    series: str
    verified_at: datetime | None
    size: int
    database_bytes: int = 0
    last_seconds: float = 0.0
    is_read_only: bool = False

    @property
    def seconds(self) -> float:
        """How long the check will take, rather too long than too short; ``database_bytes`` are unpacked and proved."""
        reading = self.size / _READ_BYTES_PER_SECOND
        if self.is_read_only:
            return reading
        if self.last_seconds:
            return self.last_seconds * _MARGIN
        if not self.database_bytes:
            return reading
        return reading + self.database_bytes / _UNPACK_BYTES_PER_SECOND + _SERVER_SECONDS


def in_turn(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those never checked first, then by the age of the last check."""
    never = datetime.min.replace(tzinfo=UTC)
    return sorted(candidates, key=lambda one: (one.verified_at or never, one.name))


def fits(candidate: Candidate, now: datetime, deadline: datetime | None) -> bool:
    """Whether its check ends in time."""
    return deadline is None or now + timedelta(seconds=candidate.seconds) <= deadline
