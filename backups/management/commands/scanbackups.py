from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups.messages import notice_sentence
from backups.services import sync_catalogue
from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE, EXIT_WARNINGS


class Command(OobCommand):
    help = gettext_lazy("Rebuilds the catalogue from the backup folder alone.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--forget", action="store_true", help=_("also when more than half of the known archives are gone")
        )

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        result = sync_catalogue(is_forgetting=options["forget"])
        counts = {"found": result.found, "added": result.added, "removed": result.removed}
        self.say(options, _("%(found)d archives found, %(added)d of them new, %(removed)d gone") % counts)
        notices = [notice_sentence(notice) for notice in result.notices]
        for notice in notices:
            self.say(options, f"! {notice}")
        return {"ok": not notices, **counts, "notices": notices}, EXIT_WARNINGS if notices else EXIT_DONE
