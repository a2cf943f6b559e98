from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups.services import ticking
from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE


class Command(OobCommand):
    is_recorded = False  # what it queues is on record
    help = gettext_lazy("Looks once what is due, as the worker does every minute.")

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        done = ticking.tick(timezone.now())
        numbers = {"queued": len(done.queued), "missed": done.missed, "interrupted": len(done.reaped)}
        self.say(options, _("queued: %(queued)d, missed: %(missed)d, interrupted: %(interrupted)d") % numbers)
        check = done.check.uid if done.check else ""
        return {"ok": True, **numbers, "runs": [run.uid for run in done.queued], "check": check}, EXIT_DONE
