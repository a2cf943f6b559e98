from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE
from selfservice import services


class Command(OobCommand):
    help = gettext_lazy("Sends the confirmation of an invented appointment as Webelexis would.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("address", metavar="ADDRESS", help=_("to whom it goes"))

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        services.send_mail(options["address"])
        text = _("The mail server has taken the test mail for %(address)s.")
        self.say(options, text % {"address": options["address"]})
        return {"ok": True, "address": options["address"]}, EXIT_DONE
