from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from certs import services
from certs.facts import former_state, issuer_words
from certs.management.printing import describe
from certs.models import Certificate, CertificateAuthority
from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE


class Command(OobCommand):
    is_recorded = False
    help = gettext_lazy("Lists the certificates: until when, by whom, and whether they are served.")

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        certificates, present = list(Certificate.objects.select_related("current")), CertificateAuthority.active()
        for certificate in certificates:
            current = certificate.current
            until = timezone.localtime(current.ends_at).strftime("%d.%m.%Y") if current else "–"
            issuer = issuer_words(current) if current else ""
            words = [issuer, certificate.get_served_display()]
            if services.is_former(certificate, present):
                words.append(former_state().words)
            self.say(options, f"{certificate!s:<32} {until:<10}  {'  '.join(words)}")
        if not certificates:
            self.say(options, _("There is no certificate yet. `manage.py makecert NAME` makes one."))
        return {"ok": True, "certificates": [describe(one) for one in certificates]}, EXIT_DONE
