from dataclasses import asdict
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups.domain.watch import Finding
from oobsite.alerts import messages
from oobsite.alerts.models import Alert
from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE, EXIT_WARNINGS
from oobsite.watchdog import look


class Command(OobCommand):
    is_recorded = False
    help = gettext_lazy("Looks once whether all is well and tells people, as cron does every five minutes.")

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        findings = look(timezone.now(), timezone.now())
        for finding in findings:
            self.say(options, _describe(finding))
        if not findings:
            self.say(options, _("All is well."))
        content = {"ok": not findings, "findings": [asdict(finding) for finding in findings]}
        return content, EXIT_WARNINGS if findings else EXIT_DONE


def _describe(finding: Finding) -> str:
    alert = Alert(code=finding.code, params=finding.params, source=finding.source)
    return f"{alert}: {messages.text(alert)} {messages.advice(alert)}"
