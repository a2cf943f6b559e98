"""Crontab fields: what they mean, when they are due, and how that is said in words."""

from backups.domain.cron.dates import next_dates, slots_between
from backups.domain.cron.errors import FieldCountError
from backups.domain.cron.fields import (
    MAX_LENGTH,
    PRESETS,
    CronFields,
    FieldError,
    is_several_a_day,
    read_expression,
    validate,
)
from backups.domain.cron.words import describe

__all__ = [
    "MAX_LENGTH",
    "PRESETS",
    "CronFields",
    "FieldCountError",
    "FieldError",
    "describe",
    "is_several_a_day",
    "next_dates",
    "read_expression",
    "slots_between",
    "validate",
]
