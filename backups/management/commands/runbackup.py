from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups import services
from backups.management.running import EXIT_CODES, RunCommand, run_summary
from backups.models import BackupRun
from backups.services.request import Request
from oobsite.commandline import one_or_more


class Command(RunCommand):
    help = gettext_lazy("Backs up all sources now, or those that are named.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--source", action="append", default=[], metavar="NAME", help=_("only this source"))
        parser.add_argument("--dump", action="store_true", help=_("make an SQL dump of the database as well"))
        parser.add_argument("--cold", action="store_true", help=_("the MariaDB server is stopped: copy its files"))
        parser.add_argument("--keep", type=one_or_more, metavar="N", help=_("generations to keep of each source"))

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        request = Request(tuple(options["source"]), options["dump"], options["cold"], options["keep"])
        services.require_known(BackupRun.Action.BACKUP, request.to_json())
        run = services.create_run(self.actor, BackupRun.Action.BACKUP, BackupRun.Trigger.COMMAND, request.to_json())
        services.carry_out(run, self.make_recorder(run, options))
        seconds = run.duration_seconds  # None: somebody has cancelled it before it began
        self.say(options, run.get_state_display() + (f" ({seconds:.1f} s)" if seconds is not None else ""))
        return run_summary(run), EXIT_CODES[BackupRun.State(run.state)]
