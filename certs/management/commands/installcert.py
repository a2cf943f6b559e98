from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups.messages import REASONS
from certs import services
from certs.domain.names import parse_name
from certs.domain.reading import MOST_BYTES, Upload
from certs.management.printing import describe, say_installed
from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE, EXIT_USAGE


class Command(OobCommand):
    help = gettext_lazy("Checks a certificate and its key, installs them, and lets the proxy serve them.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("files", nargs="+", metavar="FILE", help=_("certificate, key, chain, in any order"))
        parser.add_argument("--name", help=_("the service; without it the first name on the certificate"))
        parser.add_argument("--passphrase-file", metavar="FILE", help=_("holds the passphrase of a locked key"))

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        uploads = [Upload(Path(path).name, _read(path, MOST_BYTES + 1)) for path in options["files"]]
        locked = options["passphrase_file"]
        passphrase = _read(locked, 4096).decode(errors="surrogateescape").rstrip("\r\n") if locked else ""
        name = parse_name(options["name"]) if options["name"] else None
        generation = services.install_pair(self.actor, services.Delivery(uploads, name, passphrase))
        generation = services.install_generation(generation.pk)
        remarks = say_installed(self, options, generation)
        return {"ok": True, "certificate": describe(generation.certificate), "remarks": remarks}, EXIT_DONE


def _read(path: str, limit: int) -> bytes:
    """No more than ``limit`` bytes: too much is refused later, whatever it is."""
    try:
        with Path(path).open("rb") as file:
            return file.read(limit)
    except OSError as error:
        reason = REASONS.get(str(error.strerror), error.strerror)
        text = _("The file %(path)s cannot be read: %(reason)s. Nothing was installed.")
        raise CommandError(text % {"path": path, "reason": reason}, returncode=EXIT_USAGE) from error
