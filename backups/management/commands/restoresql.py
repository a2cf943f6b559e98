from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups import services
from backups.domain.sql.dumpfile import CHARSETS
from backups.management.previewing import comparison_lines, figures_summary
from backups.management.running import EXIT_CODES, RunCommand, run_summary
from backups.models import BackupRun
from backups.services.preview import compare_counts
from backups.services.sqlrequest import SqlRequest, token_of

Action = BackupRun.Action


class Command(RunCommand):
    help = gettext_lazy("Restores the Elexis database from an SQL file: .sql, .sql.gz or .sql.zst.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", metavar="FILE", help=_("a path, or a name in the backup folder"))
        parser.add_argument(
            "--charset",
            default="",
            choices=CHARSETS,
            metavar="NAME",
            help=_("of a file that does not tell its character set: %(choices)s"),
        )
        parser.add_argument(
            "--accept-unfinished", action="store_true", help=_("take a file that does not end with its closing line")
        )
        parser.add_argument("--yes", action="store_true", help=_("do not ask"))
        parser.add_argument("--no-safety-backup", action="store_true", help=_("do not save the present data before"))
        parser.add_argument(
            "--accept-clients", action="store_true", help=_("who is connected to the database finds other data in it")
        )
        parser.add_argument("--dry-run", action="store_true", help=_("only show what would be lost"))

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        request = SqlRequest(
            token_of(options["file"]),
            options["charset"],
            options["accept_unfinished"],
            not options["no_safety_backup"],
            options["accept_clients"],
        )
        if options["dry_run"]:
            return self._check(request, options)
        self.require_terminal(options)
        if not options["yes"]:
            self._check(request, options)
        self.require_yes(settings.DBNAME, options)
        run = self._run(Action.SQL_RESTORE, request, options)
        return run_summary(run), EXIT_CODES[BackupRun.State(run.state)]

    def _check(self, request: SqlRequest, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """Show what is in the file, and how that differs from what is there now."""
        run = self._run(Action.SQL_CHECK, request, options)
        for table in run.result["tables"]:
            self.say(options, _("  %(name)s: %(rows)s rows") % table)
        comparison = compare_counts(run.result["counts"])
        for line in comparison_lines(comparison):
            self.say(options, line)
        content = run_summary(run) | {"result": run.result, "figures": figures_summary(comparison.figures)}
        return content, EXIT_CODES[BackupRun.State(run.state)]

    def _run(self, action: Action, request: SqlRequest, options: dict[str, Any]) -> BackupRun:
        run = services.create_run(self.actor, action, BackupRun.Trigger.COMMAND, request.to_json())
        services.carry_out(run, self.make_recorder(run, options))
        self.say(options, run.get_state_display())
        return run
