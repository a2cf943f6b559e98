from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups import services
from backups.management.running import EXIT_CODES, RunCommand, run_summary
from backups.models import BackupRun
from backups.services.kept import newest_undoable
from backups.services.restorerequest import ReleaseRequest


class Command(RunCommand):
    help = gettext_lazy("Removes what a restore has kept before its time; without an id that of the newest restore.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("restore", nargs="?", default="", metavar="RESTORE_ID", help=_("id of the restore's run"))
        parser.add_argument("--yes", action="store_true", help=_("do not ask"))
        parser.add_argument(
            "--looked-at",
            action="store_true",
            help=_("the restored data are not tested, but somebody has looked at them"),
        )

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        request = ReleaseRequest(options["restore"] or newest_undoable(), options["looked_at"])
        services.require_known(BackupRun.Action.RELEASE, request.to_json())
        self.require_yes(_("remove"), options)
        run = services.create_run(self.actor, BackupRun.Action.RELEASE, BackupRun.Trigger.COMMAND, request.to_json())
        services.carry_out(run, self.make_recorder(run, options))
        self.say(options, run.get_state_display())
        return run_summary(run), EXIT_CODES[BackupRun.State(run.state)]
