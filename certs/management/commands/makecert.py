from dataclasses import fields, replace
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from certs import services
from certs.domain.builder import KeyKind, Subject
from certs.management.printing import describe, say_installed
from certs.messages import CERTIFICATE_WORDS
from certs.models import Certificate
from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE

_FIELDS = [field.name for field in fields(Subject)]


class Command(OobCommand):
    help = gettext_lazy("Makes a certificate for a service and lets the proxy serve it.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name", nargs="+", metavar="NAME", help=_("the service; further names and addresses"))
        parser.add_argument("--self-signed", action="store_true", help=_("not signed by the practice CA"))
        parser.add_argument("--replace", action="store_true", help=_("takes the place of the certificate in use"))
        kinds = [kind.value for kind in KeyKind]
        parser.add_argument("--key-kind", choices=kinds, default=KeyKind.EC_P256.value, help=_("kind of its key"))
        for field in _FIELDS:
            parser.add_argument(f"--{field}", help=str(CERTIFICATE_WORDS[field]))

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        way = Certificate.Way.SELF_SIGNED if options["self_signed"] else Certificate.Way.AUTHORITY
        order = services.make_order(options["name"], way, options["key_kind"])
        given = {field: options[field] for field in _FIELDS if options[field] is not None}
        subject = replace(services.propose_subject(order.names[0]), **given)
        order = replace(order, subject=subject, is_replacing=options["replace"])
        generation = services.install_generation(services.make_certificate(self.actor, order).pk)
        remarks = say_installed(self, options, generation)
        return {"ok": True, "certificate": describe(generation.certificate), "remarks": remarks}, EXIT_DONE
