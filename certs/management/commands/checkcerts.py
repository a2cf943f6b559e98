from typing import Any

from django.utils.translation import gettext_lazy

from backups.messages import notice_sentence
from certs import services
from certs.domain.probe import Verdict
from certs.management.printing import describe
from certs.models import Certificate
from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE, EXIT_FAILED, Notice


class Command(OobCommand):
    help = gettext_lazy("Compares disk, proxy and database, then asks each service which certificate it serves.")

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        report = services.reconcile()
        former = [self._tell_former(certificate) for certificate in services.list_former()]
        done = [notice_sentence(notice) for notice in report.done]
        errors = [error.notice for error in report.errors]
        left = [notice_sentence(notice) for notice in [*report.open, *errors, *former]]
        for line in [*done, *(f"! {text}" for text in left)]:
            self.say(options, line)
        found = [self._ask(certificate, options) for certificate in Certificate.objects.select_related("current")]
        is_good = not left and all(one["served"] == Verdict.SERVED for one in found)
        content = {"ok": is_good, "certificates": found, "done": done, "open": left}
        return content, EXIT_DONE if is_good else EXIT_FAILED

    def _tell_former(self, certificate: Certificate) -> Notice:
        issuer = certificate.current.issuer if certificate.current else ""
        return Notice("certificate-former-authority", {"name": certificate.service.shown, "issuer": issuer})

    def _ask(self, certificate: Certificate, options: dict[str, Any]) -> dict[str, Any]:
        services.check(certificate)
        certificate.refresh_from_db()
        self.say(options, f"{certificate!s:<32} {certificate.get_served_display()}")
        return describe(certificate)
