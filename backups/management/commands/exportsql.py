import shutil
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups import services
from backups.management.running import EXIT_CODES, RunCommand, run_summary
from backups.models import BackupRun, SqlFile
from backups.services.exporting import choose_export, export_request
from oobsite.errors import EXIT_USAGE


class Command(RunCommand):
    help = gettext_lazy("Writes one table, or the whole database, of an archive as SQL (gzip).")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("archive", metavar="ARCHIVE", help=_("the name of its file in the backup folder"))
        parser.add_argument("--table", default="", metavar="NAME", help=_("only this table"))
        parser.add_argument("--output", type=Path, metavar="FILE", help=_("also write it here; must not exist yet"))

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        output: Path | None = options["output"]
        if output is not None and (output.exists() or not output.absolute().parent.is_dir()):
            raise CommandError(_("--output: a file that does not exist, in a folder that does."), returncode=EXIT_USAGE)
        choose_export(options["archive"])
        request = export_request(options["archive"], options["table"])
        run = services.create_run(self.actor, BackupRun.Action.EXPORT, BackupRun.Trigger.COMMAND, request)
        services.carry_out(run, self.make_recorder(run, options))
        path = _copy(SqlFile.objects.get(uid=run.result["file"]).path, output) if run.result else None
        if path is not None:
            self.say(options, f"  {path}")
        return {**run_summary(run), "path": path}, EXIT_CODES[BackupRun.State(run.state)]


def _copy(path: Path, output: Path | None) -> Path:
    """Where the file lies for whoever asked."""
    if output is None:
        return path
    with path.open("rb") as source, output.open("xb") as target:
        output.chmod(0o600)
        shutil.copyfileobj(source, target)
    return output.absolute()
