import os
import subprocess
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_crontab.crontab import Crontab
from django_crontab.management.commands.crontab import Command as CrontabCommand

from backups.services import beats
from oobsite.commandline import PlainHelp
from oobsite.cronjobs import ENVIRONMENT_NAME, write_environment
from oobsite.errors import EXIT_FAILED


class Command(PlainHelp, CrontabCommand):
    """django-crontab's own, which takes a crontab that was refused for done, and gives its jobs no environment."""

    help = gettext_lazy("Adds the watchdog to the crontab of this user, shows or removes it.")
    requires_system_checks: list[str] = []  # what they refuse would silence the watchdog just when it is needed

    def add_arguments(self, parser: CommandParser) -> None:
        words = _("add, show or remove; cron itself calls run")
        parser.add_argument("subcommand", choices=["add", "show", "remove", "run"], help=words)
        parser.add_argument("jobhash", nargs="?", metavar="JOB", help=_("for run: which one"))

    def handle(self, *args: Any, **options: Any) -> None:
        subcommand = options["subcommand"]
        if subcommand == "show":
            self._show()
            return
        if subcommand == "add":
            write_environment(settings.OOB_DATA_DIR, os.environ)
        if subcommand in ("add", "remove"):
            options["verbosity"] = 0  # else it trips over lines of an older version
        super().handle(*args, **options)
        if subcommand == "remove":
            (settings.OOB_DATA_DIR / ENVIRONMENT_NAME).unlink(missing_ok=True)
            beats.forget(beats.WATCHDOG)
        if subcommand == "add" and not _is_added():
            text = _("The crontab was not changed: the program crontab has refused it. See what it says.")
            self.stderr.write(text)
            sys.exit(EXIT_FAILED)

    def _show(self) -> None:
        text = _("Cron does not call the watchdog for this user. `manage.py crontab add` lets it.")
        if _is_added():
            text = _("Cron calls the watchdog every five minutes. `manage.py crontab remove` ends that.")
        self.stdout.write(text)


def _is_added() -> bool:
    """Whether our line stands there; asking in vain prints nothing."""
    command = [Crontab().settings.CRONTAB_EXECUTABLE, "-l"]
    try:
        lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    except OSError:
        return False
    return any(line.endswith(f"# {settings.CRONTAB_COMMENT}") for line in lines)
