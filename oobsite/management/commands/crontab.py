import os
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils.translation import gettext as _
from django_crontab.crontab import Crontab
from django_crontab.management.commands.crontab import Command as CrontabCommand

from backups.services import beats
from oobsite.cronjobs import ENVIRONMENT_NAME, write_environment


class Command(CrontabCommand):
    """django-crontab's own, which takes a crontab that was refused for done, and gives its jobs no environment."""

    help = "Adds the watchdog to the crontab of this user, shows or removes it."
    requires_system_checks: list[str] = []  # what they refuse would silence the watchdog just when it is needed

    def handle(self, *args: Any, **options: Any) -> None:
        subcommand = options["subcommand"]
        if subcommand == "add":
            write_environment(settings.OOB_DATA_DIR, os.environ)
        if subcommand in ("add", "remove"):
            options["verbosity"] = 0  # else it trips over lines of an older version
        super().handle(*args, **options)
        if subcommand == "remove":
            (settings.OOB_DATA_DIR / ENVIRONMENT_NAME).unlink(missing_ok=True)
            beats.forget(beats.WATCHDOG)
        if subcommand == "add" and not _is_added():
            raise CommandError(_("The crontab was not changed: the program crontab has refused it. See what it says."))


def _is_added() -> bool:
    with Crontab(readonly=True, verbosity=0) as crontab:
        return any(settings.CRONTAB_COMMENT in line for line in crontab.crontab_lines)
