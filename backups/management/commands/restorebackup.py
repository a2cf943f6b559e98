from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups import services
from backups.management.differing import say_differences
from backups.management.previewing import preview_lines, preview_summary
from backups.management.running import EXIT_CODES, RunCommand, add_consents, run_summary
from backups.models import BackupRun
from backups.services.restorerequest import RestoreRequest
from backups.services.targets import archives_of_stamp
from oobsite.errors import EXIT_DONE, EXIT_FAILED

_CONSENTS = {
    "accept_clients": "are_clients_accepted",
    "folders_idle": "are_folders_idle",
    "accept_old_passwords": "are_old_passwords_accepted",
}


class Command(RunCommand):
    help = gettext_lazy("Restores a backup: the data are exchanged as a whole, and those from before are kept.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("stamp", metavar="STAMP", help=_("the moment, such as 2026-11-24-0315"))
        parser.add_argument("--source", action="append", default=[], metavar="NAME", help=_("only this source"))
        parser.add_argument("--yes", action="store_true", help=_("do not ask"))
        parser.add_argument("--no-safety-backup", action="store_true", help=_("do not save the present data before"))
        parser.add_argument("--dry-run", action="store_true", help=_("only show what would be lost"))
        add_consents(parser)
        parser.add_argument(
            "--accept-old-passwords",
            action="store_true",
            help=_("the accounts of that time come back"),
        )

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        names = archives_of_stamp(options["stamp"], options["source"])
        preview = services.preview_restore(self.actor, names)
        for line in preview_lines(preview):
            self.say(options, line)
        if options["dry_run"]:
            return preview_summary(preview), EXIT_FAILED if preview.problems else EXIT_DONE
        self.require_yes(preview.database if preview.has_database else _("yes"), options)
        consents = {field: options[name] for name, field in _CONSENTS.items()}
        request = RestoreRequest(tuple(names), not options["no_safety_backup"], **consents)
        run = services.create_run(self.actor, BackupRun.Action.RESTORE, BackupRun.Trigger.COMMAND, request.to_json())
        services.carry_out(run, self.make_recorder(run, options))
        certificates = say_differences(self, options, run)
        self.say(options, run.get_state_display())
        return {**run_summary(run), "certificates": certificates}, EXIT_CODES[BackupRun.State(run.state)]
