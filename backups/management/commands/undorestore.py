from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups import services
from backups.management.differing import say_differences
from backups.management.running import EXIT_CODES, RunCommand, add_consents, run_summary
from backups.models import BackupRun
from backups.services.kept import newest_undoable
from backups.services.restorerequest import UndoRequest


class Command(RunCommand):
    help = gettext_lazy("Puts back what a restore has replaced; without an id that of the newest restore.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("restore", nargs="?", default="", metavar="RESTORE_ID", help=_("id of the restore's run"))
        add_consents(parser)

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        request = UndoRequest(
            options["restore"] or newest_undoable(), options["accept_clients"], options["folders_idle"]
        )
        services.require_known(BackupRun.Action.UNDO, request.to_json())
        run = services.create_run(self.actor, BackupRun.Action.UNDO, BackupRun.Trigger.COMMAND, request.to_json())
        services.carry_out(run, self.make_recorder(run, options))
        certificates = say_differences(self, options, run)
        self.say(options, run.get_state_display())
        return {**run_summary(run), "certificates": certificates}, EXIT_CODES[BackupRun.State(run.state)]
