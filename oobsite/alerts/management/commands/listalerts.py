from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oobsite.alerts import messages
from oobsite.alerts.models import Alert
from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE

_MOST = 50


class Command(OobCommand):
    is_recorded = False
    help = gettext_lazy("Lists the alerts that are open; with --all also those that are over.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--all", action="store_true", help=_("also those that are over, the last 50"))

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        alerts = Alert.objects.all() if options["all"] else Alert.objects.filter(cleared_at=None)
        shown = list(alerts[:_MOST])
        for alert in shown:
            mark = "!" if alert.is_open else " "
            self.say(options, f"{mark} {messages.moment(alert.first_at)}  {alert}: {messages.text(alert)}")
        if not shown:
            self.say(options, _("There is no alert."))
        return {"ok": True, "alerts": [_describe(alert) for alert in shown]}, EXIT_DONE


def _describe(alert: Alert) -> dict[str, Any]:
    names = ("kind", "key", "level", "code", "source", "count", "first_at", "last_at", "last_told_at", "cleared_at")
    words = {"title": str(alert), "text": messages.text(alert), "items": messages.gathered(alert)}
    return {name: getattr(alert, name) for name in names} | words
