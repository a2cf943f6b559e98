from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE, EXIT_FAILED
from selfservice import services
from selfservice.facts import es_module_notice
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
        facts = {"path": str(path), "version": version.number if version else None}
        return {"ok": True, **facts, "notice": self._notice(options, services.look().is_es_module)}, EXIT_DONE

    def _show(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        change = services.preview()
        if change.problem:
            raise change.problem
        if options["diff"]:
            self.say(options, change.diff or _("Nothing changes."))
        else:
            would_change, says_it = _("%(path)s would change; --diff shows how."), _("%(path)s says all this already.")
            self.say(options, (would_change if change.diff else says_it) % {"path": settings_path()})
        is_wrong = bool(change.diff) and options["check"]
        facts = {"changes": bool(change.diff), "diff": change.diff}
        notice = self._notice(options, change.is_es_module)
        return {"ok": not is_wrong, **facts, "notice": notice}, EXIT_FAILED if is_wrong else EXIT_DONE

    def _notice(self, options: dict[str, Any], is_es_module: bool) -> str:
        notice = es_module_notice(is_es_module)
        if notice:
            self.say(options, f"! {notice}")
        return notice
