"""Alerts: people are told what goes wrong, once, again every day while it lasts, and that it is over.

``raise_alert`` and ``clear_alert`` are all that other parts need; neither raises, whatever happens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oobsite.alerts.services import clear_alert, raise_alert, tell

__all__ = ["clear_alert", "raise_alert", "tell"]


def __getattr__(name: str) -> Any:
    """Django loads this package before its models can be."""
    if name not in __all__:
        raise AttributeError(name)
    from oobsite.alerts import services

    return getattr(services, name)
