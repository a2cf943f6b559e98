from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AlertsConfig(AppConfig):
    name = "oobsite.alerts"
    label = "alerts"
    verbose_name = _("Alerts")

    def ready(self) -> None:
        from oobsite.alerts import checks  # noqa: F401 - registers the checks
        from oobsite.alerts.models import AlertChannel, MailSettings  # models are not loaded earlier
        from oobsite.audit.changes import watch

        watch(
            AlertChannel,
            "channel",
            ignore=("last_ok_at", "last_failed_at", "error_code", "error_params"),
            flags={"is_active": ("channel.on", "channel.off")},
        )
        watch(MailSettings, "mailserver")
