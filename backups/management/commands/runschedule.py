from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups import services
from backups.management.running import EXIT_CODES, RunCommand, run_summary
from backups.models import BackupRun
from backups.services import scheduling


class Command(RunCommand):
    help = gettext_lazy("Runs a schedule once now, as it does by itself.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name", metavar="NAME", help=_("name of the schedule"))

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        run = scheduling.create_backup(self.actor, scheduling.find_schedule(options["name"]))
        services.carry_out(run, self.make_recorder(run, options))
        self.say(options, run.get_state_display())
        return run_summary(run), EXIT_CODES[BackupRun.State(run.state)]
