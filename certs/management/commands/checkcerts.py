from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups.messages import notice_sentence
from certs import services
from certs.differences import HINT, MENDABLE
from certs.domain.probe import Verdict
from certs.facts import trust_words
from certs.management.printing import describe
from certs.models import Certificate
from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE, EXIT_FAILED, Notice


class Command(OobCommand):
    help = gettext_lazy("Compares disk, proxy and database, then asks each service which certificate it serves.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        text = _("bring back newer pairs that a restore has taken away, else make new ones")
        parser.add_argument("--put-back", action="store_true", help=text)

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        reports = [services.put_back(self.actor)] if options["put_back"] else []
        reports.append(services.reconcile())
        former = [self._tell_former(certificate) for certificate in services.list_former()]
        done = [notice_sentence(notice) for report in reports for notice in report.done]
        found = [notice for report in reports for notice in [*report.open, *(error.notice for error in report.errors)]]
        left = [notice_sentence(notice) for notice in [*found, *former]]
        hints = [str(HINT)] if any(notice.code in MENDABLE for notice in found) else []
        for line in [*done, *(f"! {text}" for text in [*left, *hints])]:
            self.say(options, line)
        asked = [self._ask(certificate, options) for certificate in Certificate.objects.select_related("current")]
        is_good = not left and all(one["served"] == Verdict.SERVED for one in asked)
        content = {"ok": is_good, "certificates": asked, "done": done, "open": left}
        return content, EXIT_DONE if is_good else EXIT_FAILED

    def _tell_former(self, certificate: Certificate) -> Notice:
        issuer = certificate.current.issuer if certificate.current else ""
        return Notice("certificate-former-authority", {"name": certificate.service.shown, "issuer": issuer})

    def _ask(self, certificate: Certificate, options: dict[str, Any]) -> dict[str, Any]:
        services.check(certificate)
        certificate.refresh_from_db()
        self.say(options, f"{certificate!s:<32} {certificate.get_served_display()}")
        if trust := trust_words(certificate):
            self.say(options, f"  {trust}")
        return describe(certificate)
