from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE, EXIT_FAILED
from selfservice import services
from selfservice.services.places import settings_path


class Command(OobCommand):
    help = gettext_lazy("Writes the settings of the appointments into Webelexis' settings.js.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--check", action="store_true", help=_("write nothing; 1 when the file would change"))
        parser.add_argument("--diff", action="store_true", help=_("write nothing; show what would change"))

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        if options["check"] or options["diff"]:
            return self._show(options)
        version = services.write_now(self.actor)
        path = settings_path()
        text = _("%(path)s is written.") if version else _("%(path)s says all this already.")
        self.say(options, text % {"path": path})
        return {"ok": True, "path": str(path), "version": version.number if version else None}, EXIT_DONE

    def _show(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        diff = services.make_diff()
        if options["diff"]:
            self.say(options, diff or _("Nothing changes."))
        is_wrong = bool(diff) and options["check"]
        return {"ok": not is_wrong, "changes": bool(diff), "diff": diff}, EXIT_FAILED if is_wrong else EXIT_DONE
