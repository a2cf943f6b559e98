from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups.messages import error_sentence, notice_sentence
from backups.services.recovering import recover_all
from oobsite.commands import OobCommand
from oobsite.errors import EXIT_BUSY, EXIT_DONE, EXIT_FAILED


class Command(OobCommand):
    help = gettext_lazy("Ends interrupted restores: old data or new, never a mix. Removes what was kept long enough.")

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        recovery = recover_all(self.actor)
        lines = [notice_sentence(notice) for notice in recovery.notices]
        errors = [error_sentence(error) for error in recovery.errors]
        for line in [*lines, *errors]:
            self.say(options, line)
        if not lines and not errors:
            self.say(options, _("No restore was interrupted."))
        code = EXIT_FAILED if errors else EXIT_BUSY if recovery.is_busy else EXIT_DONE
        return {"ok": code == EXIT_DONE, "done": lines, "errors": errors}, code
