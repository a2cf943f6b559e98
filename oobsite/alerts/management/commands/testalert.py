from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups.messages import error_sentence
from oobsite.alerts.delivering import send_test
from oobsite.alerts.domain.errors import ChannelMissingError, ChannelUnknownError
from oobsite.alerts.models import AlertChannel
from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE, EXIT_FAILED, OobError


class Command(OobCommand):
    help = gettext_lazy("Sends a test to every recipient of alerts that is used, or to the one that is named.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("channel", nargs="?", metavar="CHANNEL", help=_("name of the recipient"))

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        results = [self._test(channel, options) for channel in _choose(options["channel"])]
        is_good = all(result["ok"] for result in results)
        return {"ok": is_good, "channels": results}, EXIT_DONE if is_good else EXIT_FAILED

    def _test(self, channel: AlertChannel, options: dict[str, Any]) -> dict[str, Any]:
        try:
            send_test(self.actor, channel)
        except OobError as error:
            text = error_sentence(error)
            self.say(options, f"{channel}: {text}")
            return {"name": channel.name, "ok": False, "error": error.code, "text": text}
        self.say(options, _("%(channel)s: handed over.") % {"channel": channel})
        return {"name": channel.name, "ok": True}


def _choose(name: str | None) -> list[AlertChannel]:
    found = AlertChannel.objects.filter(name=name) if name else AlertChannel.objects.filter(is_active=True)
    if not found:
        raise ChannelUnknownError(name) if name else ChannelMissingError
    return list(found)
