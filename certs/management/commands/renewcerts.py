from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups.messages import error_sentence
from certs import services
from certs.domain.errors import CertificateUnknownError
from certs.domain.names import parse_name
from certs.management.printing import describe, say_installed
from certs.models import Certificate, CertificateGeneration
from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE, EXIT_FAILED, EXIT_PARTIAL


class Command(OobCommand):
    help = gettext_lazy("Renews the certificates of the practice CA that end within 30 days, or the named ones.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        which = parser.add_mutually_exclusive_group()
        text = _("services; without names those that end soon")
        which.add_argument("name", nargs="*", default=[], metavar="NAME", help=text)
        which.add_argument("--former-ca", action="store_true", help=_("those that a former practice CA has signed"))

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        renewal = self._renew(options)
        made, errors = renewal.made, renewal.errors
        installed = [self._install(generation, options) for generation in made]
        for name, error in errors.items():
            self.say(options, f"! {name}: {error_sentence(error)}")
        if not made and not errors:
            self.say(options, _("No certificate is to be renewed."))
        told = {name: error_sentence(error) for name, error in errors.items()}
        code = EXIT_DONE if not errors else EXIT_PARTIAL if made else EXIT_FAILED
        return {"ok": not errors, "renewed": installed, "errors": told}, code

    def _renew(self, options: dict[str, Any]) -> services.Renewal:
        if options["former_ca"]:
            return services.renew_former(self.actor)
        named = [_find(name) for name in options["name"]]
        return services.renew_all(self.actor, named) if named else services.renew_due(self.actor, timezone.now())

    def _install(self, generation: CertificateGeneration, options: dict[str, Any]) -> dict[str, Any]:
        generation = services.install_generation(generation.pk)
        say_installed(self, options, generation)
        return describe(generation.certificate)


def _find(name: str) -> Certificate:
    certificate = Certificate.objects.filter(name=parse_name(name).text).first()
    if certificate is None:
        raise CertificateUnknownError(name)
    return certificate
