from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "oobsite.audit"
    label = "audit"
    verbose_name = _("Audit")

    def ready(self) -> None:
        from oobsite.audit import signins, watching  # models are not loaded earlier

        signins.connect()
        watching.watch_all()
