from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups.domain.mariadb.rights import PASSWORD
from backups.messages import error_sentence
from backups.services.grants import report_grants
from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE, EXIT_FAILED


class Command(OobCommand):
    is_recorded = False
    help = gettext_lazy("Prints the statements that give the backup account its rights, and says which are missing.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--restore", action="store_true", help=_("also the rights that a restore needs"))

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        report = report_grants(for_restore=options["restore"])
        self.say(options, _("-- Run once as root of the MariaDB server:"))
        for statement in report.statements:
            self.say(options, statement.replace(PASSWORD, _("<password>")))
        error = error_sentence(report.error) if report.error else ""
        if not error:
            self.say(options, "")
            self.say(options, self._verdict(report.user, report.missing))
        ok = not report.missing and report.error is None
        content = {"ok": ok, "statements": report.statements, "missing": report.missing, "text": error}
        return content, EXIT_DONE if ok else EXIT_FAILED

    def _verdict(self, user: str, missing: list[str]) -> str:
        if not missing:
            return _("The account “%(user)s” has all these rights.") % {"user": user}
        return _("The account “%(user)s” lacks: %(rights)s") % {"user": user, "rights": ", ".join(missing)}
