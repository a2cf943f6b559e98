"""How long restores have kept what they keep, by the time in which the machine has run since: never by its clock."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from backups.domain.uptime import count_ages, read_uptime
from oobsite.keys import adopt

logger = logging.getLogger(__name__)
_FILE_NAME = "kept-ages.json"


def ages_path() -> Path:
    return Path(settings.OOB_DATA_DIR) / _FILE_NAME


def let_time_pass(names: Iterable[str] = (), *, forgets: bool = False) -> dict[str, float]:
    """Seconds by name, as ``count_ages``. Nothing has any age when they cannot be written: then all is kept."""
    try:
        found = count_ages(ages_path(), read_uptime(), names, forgets=forgets)
        adopt(ages_path())
        return found
    except OSError:
        logger.exception("%s", ages_path())
        return {}


def kept_until(age_seconds: float) -> datetime:
    """When something of this age goes, if the machine runs all the time until then."""
    return timezone.now() + timedelta(hours=settings.OOB_KEEP_OLD_HOURS, seconds=-age_seconds)


def is_over(age_seconds: float) -> bool:
    return age_seconds > timedelta(hours=settings.OOB_KEEP_OLD_HOURS).total_seconds()
