from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups.messages import error_sentence, notice_sentence
from backups.services.recovering import recover_all
from oobsite.commands import OobCommand
from oobsite.errors import EXIT_BUSY, EXIT_DONE, EXIT_FAILED, EXIT_WARNINGS


class Command(OobCommand):
    help = gettext_lazy("Ends interrupted restores: old data or new, never a mix. Removes what was kept long enough.")

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        recovery = recover_all(self.actor)
        lines = [notice_sentence(notice) for notice in recovery.notices]
        warnings = [notice_sentence(notice) for notice in recovery.warnings]
        errors = [error_sentence(error) for error in recovery.errors]
        for line in [*lines, *(f"! {text}" for text in warnings), *errors]:
            self.say(options, line)
        if not lines and not warnings and not errors:
            self.say(options, _("No restore was interrupted."))
        code = EXIT_FAILED if errors else EXIT_BUSY if recovery.is_busy else EXIT_WARNINGS if warnings else EXIT_DONE
        return {"ok": code == EXIT_DONE, "done": lines, "warnings": warnings, "errors": errors}, code
