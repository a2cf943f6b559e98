from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups import services
from backups.management.running import EXIT_CODES, RunCommand, run_summary
from backups.models import BackupRun


class Command(RunCommand):
    help = gettext_lazy("Proves archives by a test restore: the named ones, or the newest of each source.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("names", nargs="*", metavar="ARCHIVE", help=_("names of files in the backup folder"))

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        request = {"archives": options["names"]}
        services.require_known(BackupRun.Action.PROOF, request)
        run = services.create_run(self.actor, BackupRun.Action.PROOF, BackupRun.Trigger.COMMAND, request)
        reports = services.carry_out(run, self.make_recorder(run, options)) or []
        proofs = {report["archive"]: {key: report[key] for key in report if key != "archive"} for report in reports}
        proved = [line["params"]["name"] for line in run.log if line["code"].startswith("archive-proved")]
        return {**run_summary(run), "proved": proved, "proofs": proofs}, EXIT_CODES[BackupRun.State(run.state)]
