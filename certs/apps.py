from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CertsConfig(AppConfig):
    name = "certs"
    verbose_name = _("Certificates")

    def ready(self) -> None:
        from backups.signals import data_exchanged
        from certs.models import Certificate  # models are not loaded earlier
        from certs.services.reconciling import tell_differences
        from oobsite.audit.changes import watch

        watch(
            Certificate,
            "certificate",
            fields=("probe_host", "probe_port", "is_default"),
            only_changes=True,
        )
        data_exchanged.connect(tell_differences, dispatch_uid="certs.differences")
