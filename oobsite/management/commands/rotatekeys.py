from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE, EXIT_WARNINGS
from oobsite.rotation import WAIT_SECONDS, rotate_keys


class Command(OobCommand):
    help = gettext_lazy("Makes a new key for the stored secrets, encrypts them with it and removes the old key.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--keep-old", action="store_true", help=_("the old keys stay and still open what they did"))
        parser.add_argument(
            "--wait",
            type=float,
            default=WAIT_SECONDS,
            metavar="SECONDS",
            help=_("how long what is being stored just now is waited for, before the old key is removed"),
        )

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        result = rotate_keys(self.actor, is_keeping_old=options["keep_old"], wait_seconds=options["wait"])
        self.say(options, _("%(count)d secrets were encrypted with a new key.") % {"count": result.done})
        content = {"ok": not result.unreadable, "rotated": result.done, "unreadable": result.unreadable}
        if not result.unreadable:
            return content, EXIT_DONE
        sentence = _("%(count)d secrets cannot be opened by any key; set them anew. The old keys were kept.")
        return {**content, "text": sentence % {"count": result.unreadable}}, EXIT_WARNINGS
