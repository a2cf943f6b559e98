from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups import services
from backups.management.running import EXIT_CODES, RunCommand, run_summary
from backups.models import BackupRun


class Command(RunCommand):
    help = gettext_lazy("Makes an SQL file of what can still be read of a damaged database.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("archive", metavar="ARCHIVE", help=_("the name of its file in the backup folder"))

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        request = {"archives": [options["archive"]]}
        services.require_known(BackupRun.Action.SALVAGE, request)
        run = services.create_run(self.actor, BackupRun.Action.SALVAGE, BackupRun.Trigger.COMMAND, request)
        services.carry_out(run, self.make_recorder(run, options))
        return {**run_summary(run), "result": run.result}, EXIT_CODES[BackupRun.State(run.state)]
