from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oobsite.accounts.setup import create_setup_link
from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE


class Command(OobCommand):
    help = gettext_lazy("Prints the link by which the first user is made. It works once, for 24 hours.")

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        link = create_setup_link(Path(settings.OOB_DATA_DIR), timezone.now())
        if link is None:
            self.say(options, _("There is a user already: log in at %(url)s.") % {"url": settings.OOB_URL})
        else:
            self.say(options, _("Open this link within 24 hours to make the first user:"))
            self.say(options, link)
        return {"ok": True, "link": link}, EXIT_DONE
