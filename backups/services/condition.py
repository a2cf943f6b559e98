"""What people are told about single archives: one that is damaged or has vanished, and that it is well again."""

from __future__ import annotations

from collections.abc import Collection

from oobsite.alerts import clear_alert, raise_alert
from oobsite.alerts.models import Alert

KIND = "archive"
_VANISHED = "archive-vanished"


def tell_damaged(name: str, series: str) -> None:
    raise_alert(KIND, name, code="archive-damaged", params={"archive": name}, source=series)


def tell_vanished(name: str, series: str) -> None:
    raise_alert(KIND, name, code=_VANISHED, params={"archive": name}, source=series)


def tell_found(names: Collection[str]) -> None:
    """Those of them that had vanished are there again."""
    missed = Alert.objects.filter(kind=KIND, code=_VANISHED, cleared_at=None)
    for name in missed.values_list("key", flat=True):
        if name in names:
            tell_over(name)


def tell_over(name: str) -> None:
    """It is good again, or was deleted because there are newer ones."""
    clear_alert(KIND, name)
