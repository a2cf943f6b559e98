"""Sentences for the times of schedules: what is wrong with a field, and what may stand there."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backups.domain.cron import FieldError

SCHEDULE_SENTENCES: dict[str, Promise] = {
    "schedule-unknown": _("There is no schedule “%(schedule)s”. Known are: %(known)s."),
    "run-withdrawn": _(
        "The schedule does not want this backup any more: its times were changed, or it was paused, switched off or "
        "deleted. Nothing was done."
    ),
    "field-count": _(
        "A crontab line has five fields with blanks between them: minute, hour, day, month, weekday, such as "
        "15 3 * * 1-5. Found: %(found)s."
    ),
}

FIELD_LABELS: dict[str, Promise] = {
    "minute": _("Minute"),
    "hour": _("Hour"),
    "day": _("Day"),
    "month": _("Month"),
    "weekday": _("Weekday"),
}

PRESET_LABELS: dict[str, Promise] = {
    "nightly": _("Every night"),
    "weeknights": _("Weekdays at night"),
    "six-hourly": _("Every six hours"),
    "weekly": _("Weekly"),
}

#: What may stand in a field, with examples.
FIELD_HINTS: dict[str, Promise] = {
    "minute": _("Allowed are 0 to 59, * for each, such as 15 or 0,30 or */10."),
    "hour": _("Allowed are 0 to 23 (0 is midnight), * for each, such as 3 or 12,18 or 8-18 or */6."),
    "day": _("Allowed are 1 to 31, * for each, such as 1 or 1,15 or 1-7."),
    "month": _("Allowed are 1 to 12 or jan to dec, * for each, such as 1,7 or 3-10 or jan."),
    "weekday": _(
        "Allowed are 1 (Monday) to 7 (Sunday, also 0) or mon to sun, * for each, such as 1-5 or 6,7 or mon,thu."
    ),
}

_FIELD_SENTENCES: dict[str, Promise] = {
    "cron-empty": _("Something has to stand here."),
    "cron-blank": _("No blank may stand in a field. Divide several numbers by commas."),
    "cron-character": _("The character “%(character)s” is not known here."),
    "cron-comma": _("There is a comma too many."),
    "cron-too-long": _("That is too long: at most %(most)s characters."),
    "cron-form": _("“%(term)s” is not understood."),
    "cron-name": _("“%(name)s” is not known here."),
    "cron-outside": _("%(number)s is no value of this field."),
    "cron-reversed": _("“%(term)s” goes down, so it would never be due. Write %(instead)s instead."),
    "cron-step": _("After the slash stands a number from 1 on, not “%(step)s”."),
    "cron-step-alone": _(
        "“%(term)s” has a step without a range, which cron refuses as well. Write %(instead)s instead."
    ),
    "cron-never": _("This date never comes: no chosen month has so many days. Choose an earlier day or another month."),
}


def field_sentence(error: FieldError) -> str:
    """What is wrong with the field, and what may stand there, in the present language."""
    reason = str(_FIELD_SENTENCES[error.code]) % error.params
    return reason if error.code == "cron-never" else f"{reason} {FIELD_HINTS[error.field]}"
