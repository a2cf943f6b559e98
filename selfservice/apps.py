from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SelfServiceConfig(AppConfig):
    name = "selfservice"
    verbose_name = _("Online booking")

    def ready(self) -> None:
        from backups.signals import data_exchanged
        from oobsite.alerts.secrecy import offer_secret
        from oobsite.alerts.sending import offer_mail_server
        from oobsite.audit.changes import watch
        from selfservice.models import FIELDS, SelfServiceSettings  # models are not loaded earlier
        from selfservice.services.comparing import tell_differences
        from selfservice.services.mailing import alert_server, stored_password

        watch(SelfServiceSettings, "selfservice", fields=(*FIELDS, "generation"))
        data_exchanged.connect(tell_differences, dispatch_uid="selfservice.differences")
        offer_mail_server(alert_server)
        offer_secret(stored_password)
