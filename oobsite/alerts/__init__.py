"""Alerts: people are told what goes wrong, once, again every day while it lasts, and that it is over.

``raise_alert`` and ``clear_alert`` are all that most parts need; ``gather_alert`` makes one alert of many things. None
of them raises, whatever happens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oobsite.alerts.services import clear_alert, end_gathered, gather_alert, raise_alert, tell, tell_held

__all__ = ["clear_alert", "end_gathered", "gather_alert", "raise_alert", "tell", "tell_held"]


def __getattr__(name: str) -> Any:
    """Django loads this package before its models can be."""
    if name not in __all__:
        raise AttributeError(name)
    from oobsite.alerts import services

    return getattr(services, name)
