"""How fast a stage goes and how long it still takes, from what it reports now and then."""

from __future__ import annotations

from dataclasses import dataclass

from backups.domain.job import Progress

#: What was measured so many seconds ago counts half.
HALF_LIFE_SECONDS = 15.0
#: Before that a rate is a guess.
LEAST_SECONDS = 3.0
#: A time beyond this says no more than that nobody knows.
MOST_SECONDS_LEFT = 7 * 86_400


@dataclass(frozen=True)
class Speed:
    """``rate``: bytes in a second. None where nobody can know it."""

    rate: float | None = None
    seconds_left: float | None = None


class Meter:
    """Smooths the progress of one stage; another stage, or a step back, begins anew.

    The smoothed rate is the mean of all rates since the beginning, each with the time for which it was true and the
    less the older it is.
    """

    def __init__(self) -> None:
        self._last: Progress | None = None
        self._at = 0.0
        self._seconds = 0.0
        self._sum = 0.0
        self._weight = 0.0

    def add(self, progress: Progress, at: float) -> Speed:
        """Take a report in; ``at`` in seconds of a clock that never goes back."""
        if self._last is None or _begins_anew(self._last, progress):
            self._last, self._at = progress, at
            self._seconds = self._sum = self._weight = 0.0
            return Speed()
        seconds = at - self._at
        if seconds > 0:
            fading = 0.5 ** (seconds / HALF_LIFE_SECONDS)
            self._sum = self._sum * fading + (1 - fading) * (_amount(progress) - _amount(self._last)) / seconds
            self._weight = self._weight * fading + (1 - fading)
            self._seconds += seconds
            self._last, self._at = progress, at
        return self._speed(progress)

    def _speed(self, progress: Progress) -> Speed:
        if self._seconds < LEAST_SECONDS:
            return Speed()
        rate = self._sum / self._weight
        return Speed(rate if progress.done_bytes else None, _seconds_left(progress, rate))


def _begins_anew(last: Progress, progress: Progress) -> bool:
    is_same = (last.stage, last.total_bytes, last.total_items) == (
        progress.stage,
        progress.total_bytes,
        progress.total_items,
    )
    return not is_same or bool(last.done_bytes) > bool(progress.done_bytes) or _amount(progress) < _amount(last)


def _amount(progress: Progress) -> int:
    """What is measured: bytes where the stage counts them, else items."""
    return progress.done_bytes or progress.done_items


def _seconds_left(progress: Progress, rate: float) -> float | None:
    total = progress.total_bytes if progress.done_bytes else progress.total_items
    if total is None or total < _amount(progress):  # the guess was too small
        return None
    rest = total - _amount(progress)
    if rest > rate * MOST_SECONDS_LEFT:
        return None
    return rest / rate if rest else 0.0
