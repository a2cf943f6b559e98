from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups.messages import error_sentence
from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE
from selfservice import services
from selfservice.domain.masking import MASK
from selfservice.facts import es_module_notice
from selfservice.messages import SETTINGS_FIELDS
from selfservice.models import FIELDS, SelfServiceSettings
from selfservice.webelexis_facts import WebelexisFacts, webelexis_facts


class Command(OobCommand):
    is_recorded = False
    help = gettext_lazy("Shows the settings of the appointments, and where the file of Webelexis says something else.")

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        services.detect()
        row, seen = SelfServiceSettings.load(), services.look()
        is_saved = row.is_stored
        if not is_saved and seen.is_there and seen.problem is None:
            services.fill(row, seen)
        shown = _values(row)
        for name, text in shown.items():
            self.say(options, f"{SETTINGS_FIELDS[name]}: {text}")
        is_comparable = is_saved and seen.is_there and seen.problem is None
        different = [one.field for one in services.differences_of(row, seen)] if is_comparable else []
        problem = error_sentence(seen.problem) if seen.problem else ""
        webelexis = webelexis_facts(row)
        self._say_standing(options, different, problem)
        self._say_webelexis(options, webelexis)
        facts = {"saved": is_saved, "path": seen.path, "exists": seen.is_there, "different": different}
        found = {"webelexis": asdict(webelexis), "notice": es_module_notice(seen.is_es_module)}
        return {"ok": True, "settings": shown, **facts, **found, "problem": problem}, EXIT_DONE

    def _say_standing(self, options: dict[str, Any], different: list[str], problem: str) -> None:
        if problem:
            self.say(options, f"! {problem}")
        elif different:
            labels = ", ".join(str(SETTINGS_FIELDS[name]) for name in different)
            self.say(options, _("The file says something else: %(fields)s") % {"fields": labels})

    def _say_webelexis(self, options: dict[str, Any], webelexis: WebelexisFacts) -> None:
        for text in filter(None, (webelexis.found, webelexis.reads)):
            self.say(options, text)
        for text in webelexis.warnings:
            self.say(options, f"! {text}")


def _values(row: SelfServiceSettings) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(row, name) for name in FIELDS}
    return {**values, "password": MASK if row.password else "", **row.expressions}
