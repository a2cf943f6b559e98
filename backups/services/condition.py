"""What people are told about archives that are damaged or have vanished: one alert for all of a series.

A check that goes through many archives lets its alerts be held until it has ended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from oobsite.alerts import end_gathered, gather_alert, tell_held
from oobsite.alerts.models import AlertItem

DAMAGED, VANISHED = "archive-damaged", "archive-vanished"


def tell_damaged(name: str, series: str, *, is_held: bool = False) -> None:
    gather_alert(DAMAGED, series, [name], is_held=is_held)


def tell_vanished(names: Sequence[str], series: str) -> None:
    gather_alert(VANISHED, series, names)


@contextmanager
def telling_at_the_end() -> Iterator[None]:
    """Around a check that holds its alerts."""
    try:
        yield
    finally:
        tell_held(DAMAGED)


def tell_found(names: Collection[str]) -> None:
    """Those of them that had vanished are there again."""
    missed = AlertItem.objects.filter(alert__kind=VANISHED, alert__cleared_at=None, is_over=False)
    for name in list(missed.values_list("name", flat=True)):
        if name in names:
            tell_over(name)


def tell_over(name: str) -> None:
    """It is good again, or was deleted because there are newer ones."""
    for kind in (DAMAGED, VANISHED):
        end_gathered(kind, name)
