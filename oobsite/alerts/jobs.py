"""What the quick queue runs."""

from __future__ import annotations

from oobsite.alerts.delivering import deliver_due


def deliver() -> int:
    return deliver_due()
