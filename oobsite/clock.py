"""Rows by their moments, when the clock of the machine may have been set back since these were written."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q


def is_far(name: str, now: datetime, distance: timedelta) -> Q:
    """Rows whose moment ``name`` is farther than ``distance`` from ``now``: long past, or of a wrong time."""
    return Q(**{f"{name}__lt": now - distance}) | Q(**{f"{name}__gt": now + distance})
