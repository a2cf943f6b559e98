import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups.domain.errors import SelfRestoreUnfinishedError
from backups.messages import error_sentence
from backups.services.clockwork import wind_up
from oobsite.commandline import PlainHelp
from oobsite.errors import EXIT_FAILED
from oobsite.keys import create_recovery_key
from oobsite.selfrestore import is_unfinished


class Command(PlainHelp):
    help = gettext_lazy("Prepares this installation: own database, static files, keys. To be called at every start.")
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--quiet", action="store_true", help=_("do not show the recovery passphrase"))

    def handle(self, *args: Any, **options: Any) -> None:
        if is_unfinished():
            self.stderr.write(error_sentence(SelfRestoreUnfinishedError()))
            sys.exit(EXIT_FAILED)
        settings.OOB_DATA_DIR.chmod(0o771)  # others pass through to the work folder; nothing in it is theirs
        call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)
        wind_up()
        call_command("collectstatic", verbosity=0, interactive=False)
        passphrase = create_recovery_key(settings.OOB_DATA_DIR)
        if passphrase is not None and not options["quiet"]:
            self.stdout.write(_("Recovery passphrase, shown only now. Write it down and keep it outside the server:"))
            self.stdout.write(f"\n    {passphrase}\n")
