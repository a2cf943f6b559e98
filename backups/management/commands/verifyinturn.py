from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups import services
from backups.domain.turn import next_moment
from backups.management.running import EXIT_CODES, RunCommand, run_summary
from backups.models import BackupRun
from backups.services.turn import TurnRequest
from oobsite.errors import EXIT_USAGE


class Command(RunCommand):
    help = gettext_lazy("Checks older archives in turn, the oldest check first, as the worker does every night.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--until", metavar="HH:MM", help=_("begin no check that would not end by then"))

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        now = timezone.now()
        request = TurnRequest(now, _read_until(options["until"], now) if options["until"] else None)
        run = services.create_run(self.actor, BackupRun.Action.VERIFY, BackupRun.Trigger.COMMAND, request.to_json())
        reports = services.carry_out(run, self.make_recorder(run, options)) or []
        checked = [{"name": report["archive"], "ok": report["is_good"]} for report in reports]
        return {**run_summary(run), "checked": checked}, EXIT_CODES[BackupRun.State(run.state)]


def _read_until(text: str, now: datetime) -> datetime:
    try:
        return next_moment(datetime.strptime(text, "%H:%M").time(), now, ZoneInfo(settings.TIME_ZONE))
    except ValueError as error:
        raise CommandError(_("--until: a time such as 05:00"), returncode=EXIT_USAGE) from error
