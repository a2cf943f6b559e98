from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups.services.beats import WorkerHealth, worker_health
from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE, EXIT_FAILED


class Command(OobCommand):
    is_recorded = False
    help = gettext_lazy("Says whether the worker lives and takes the jobs that wait; asked by its container.")

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        health = worker_health(timezone.now())
        content = {"ok": health.is_good, "seen_at": health.seen_at, "text": _sentence(health)}
        return content, EXIT_DONE if health.is_good else EXIT_FAILED


def _sentence(health: WorkerHealth) -> str:
    if health.seen_at is None:
        return _("The worker has never given a sign of life. Start it: `manage.py worker`.")
    if health.is_silent:
        at = date_format(timezone.localtime(health.seen_at), "DATETIME_FORMAT")
        return _("The worker has given no sign of life since %(at)s. Restart it.") % {"at": at}
    if health.is_stuck:
        return _("The worker lives, but does not take the jobs that wait. Restart it.")
    return _("The worker is well.")
