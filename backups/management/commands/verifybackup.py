from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups.messages import error_sentence, human_size
from backups.services import verifying
from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE, EXIT_FAILED


class Command(OobCommand):
    is_recorded = False
    help = gettext_lazy(
        "Reads archives to their last byte and compares them with their manifests; without names all of them."
    )
    ends_gently = True

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("names", nargs="*", metavar="ARCHIVE", help=_("names of files in the backup folder"))

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        results = []
        for result in verifying.verify_archives(options["names"], is_cancelled=self.interrupted.is_set):
            error = error_sentence(result.error) if result.error else ""
            text = error or _("good, %(size)s, %(entries)d entries") % {
                "size": human_size(result.size),
                "entries": result.entries,
            }
            self.say(options, f"{'x' if error else ' '} {result.name}: {text}")
            results.append({"name": result.name, "ok": not error, "error": error, "entries": result.entries})
        ok = all(result["ok"] for result in results)
        return {"ok": ok, "archives": results}, EXIT_DONE if ok else EXIT_FAILED
