from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups import services
from backups.management.running import EXIT_CODES, RunCommand, run_summary
from backups.models import BackupRun
from backups.services.filesbeside import choose_files
from backups.services.filesrequest import FilesRequest


class Command(RunCommand):
    help = gettext_lazy(
        "Restores files and folders of an archive beside the present ones, under new names; nothing is replaced."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("archive", metavar="ARCHIVE", help=_("the name of its file in the backup folder"))
        parser.add_argument("paths", nargs="+", metavar="PATH", help=_("as `browsebackup` shows it"))

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        request = FilesRequest(options["archive"], tuple(options["paths"]))
        choose_files(request)
        run = services.create_run(self.actor, BackupRun.Action.FILES, BackupRun.Trigger.COMMAND, request.to_json())
        services.carry_out(run, self.make_recorder(run, options))
        for name in run.result.get("written", []):
            self.say(options, f"  {name}")
        return {**run_summary(run), "written": run.result.get("written", [])}, EXIT_CODES[BackupRun.State(run.state)]
