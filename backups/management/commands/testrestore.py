from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups import services
from backups.management.running import EXIT_CODES, RunCommand, run_summary
from backups.models import BackupRun
from backups.services.kept import newest_undoable


class Command(RunCommand):
    help = gettext_lazy("Tests restored data that could not be tested yet; they stay in place, whatever comes out.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("restore", nargs="?", default="", metavar="RESTORE_ID", help=_("id of the restore's run"))

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        request = {"restore": options["restore"] or newest_undoable()}
        services.require_known(BackupRun.Action.RETEST, request)
        run = services.create_run(self.actor, BackupRun.Action.RETEST, BackupRun.Trigger.COMMAND, request)
        services.carry_out(run, self.make_recorder(run, options))
        self.say(options, run.get_state_display())
        return run_summary(run), EXIT_CODES[BackupRun.State(run.state)]
