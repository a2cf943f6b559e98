from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from backups.domain.cron import CronFields, describe, next_dates, read_expression, validate
from backups.messages_schedules import FIELD_LABELS, field_sentence
from backups.services import scheduling
from oobsite.commandline import one_or_more
from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE, EXIT_USAGE

_YEARS = range(1970, 3000)


class Command(OobCommand):
    is_recorded = False
    help = gettext_lazy("Prints the next dates of a schedule or a crontab line, and what it means in words.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("schedule", nargs="?", metavar="SCHEDULE", help=_("name of a schedule"))
        which.add_argument("--expression", metavar="LINE", help=_('five crontab fields, such as "15 3 * * 1-5"'))
        parser.add_argument("--count", type=one_or_more, default=5, metavar="N", help=_("so many dates (5)"))
        parser.add_argument("--from", dest="start", metavar="ISO", help=_("dates after this moment (now)"))

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        start = _read_moment(options["start"]) if options["start"] else timezone.now()
        schedule = scheduling.find_schedule(options["schedule"]) if options["schedule"] else None
        cron = schedule.cron if schedule else read_expression(options["expression"])
        if validate(cron):
            return _refuse(cron), EXIT_USAGE
        zone = ZoneInfo(settings.TIME_ZONE)
        slots = scheduling.coming_slots(schedule, start) if schedule else next_dates(cron, start, zone)
        dates = [slot.astimezone(zone) for slot in islice(slots, options["count"])]
        answer = self._answer(cron, dates, options, is_active=schedule is None or schedule.is_active)
        return answer, EXIT_DONE

    def _answer(
        self, cron: CronFields, dates: Sequence[datetime], options: dict[str, Any], *, is_active: bool
    ) -> dict[str, Any]:
        words = describe(cron, get_language() or settings.LANGUAGE_CODE)
        self.say(options, words)
        if not is_active:
            self.say(options, _("This schedule is switched off and backs up nothing. Switched on, it would do so:"))
        for date in dates:
            self.say(options, f"  {date_format(date, 'D d.m.Y H:i')} {date.tzname()}")
        moments = [date.isoformat() for date in dates]
        return {"ok": True, "expression": str(cron), "words": words, "active": is_active, "dates": moments}


def _read_moment(text: str) -> datetime:
    """A date, or a moment; without a zone it is the practice's."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        message = _("--from: a date or moment such as 2026-11-24 or 2026-11-24T03:15")
        raise CommandError(message, returncode=EXIT_USAGE) from error
    if moment.year not in _YEARS:
        message = _("--from: a year from %(first)d to %(last)d.") % {"first": _YEARS[0], "last": _YEARS[-1]}
        raise CommandError(message, returncode=EXIT_USAGE)
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(settings.TIME_ZONE))


def _refuse(cron: CronFields) -> dict[str, Any]:
    fields: dict[str, list[str]] = {}
    for error in validate(cron):
        fields.setdefault(error.field, []).append(field_sentence(error))
    lines = [f"{FIELD_LABELS[name]}: {line}" for name, found in fields.items() for line in found]
    return {"ok": False, "error": "cron-fields", "fields": fields, "text": "\n".join(lines)}
