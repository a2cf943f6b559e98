from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE
from oobsite.keys import RECOVERY_NAME, renew_recovery_key


class Command(OobCommand):
    help = gettext_lazy("Says whether there is a recovery passphrase; with --renew makes another and shows it once.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--renew", action="store_true", help=_("a new passphrase for all backups from now on"))

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        data_dir = Path(settings.OOB_DATA_DIR)
        if not options["renew"]:
            exists = (data_dir / RECOVERY_NAME).exists()
            known = _("There is a recovery passphrase. It cannot be shown again; --renew makes another.")
            self.say(options, known if exists else _("There is no recovery passphrase yet; --renew makes one."))
            return {"ok": True, "exists": exists}, EXIT_DONE
        passphrase = renew_recovery_key(data_dir)
        self.say(options, _("Recovery passphrase, shown only now. Write it down and keep it outside the server:"))
        self.say(options, f"\n    {passphrase}\n")
        self.say(options, _("Backups of oobsite that were made before open with the old one only: make a new backup."))
        return {"ok": True, "passphrase": passphrase}, EXIT_DONE
