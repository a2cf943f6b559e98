from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from certs.management.printing import describe
from certs.models import Certificate
from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE


class Command(OobCommand):
    is_recorded = False
    help = gettext_lazy("Lists the certificates: until when, by whom, and whether they are served.")

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        certificates = list(Certificate.objects.select_related("current"))
        for certificate in certificates:
            current = certificate.current
            until = timezone.localtime(current.ends_at).strftime("%d.%m.%Y") if current else "–"
            issuer = current.issuer if current else ""
            self.say(options, f"{certificate!s:<32} {until:<10}  {issuer}  {certificate.get_served_display()}")
        if not certificates:
            self.say(options, _("There is no certificate yet. `manage.py makecert NAME` makes one."))
        return {"ok": True, "certificates": [describe(one) for one in certificates]}, EXIT_DONE
