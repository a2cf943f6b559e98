from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "oobsite.accounts"
    label = "accounts"
    verbose_name = _("Users")

    def ready(self) -> None:
        from oobsite.accounts import signals  # models are not loaded earlier
        from oobsite.accounts.roles import fill_role_groups

        post_migrate.connect(fill_role_groups, dispatch_uid="oobsite.accounts.roles")
        user_logged_in.connect(signals.after_login, dispatch_uid="oobsite.accounts.login")
        user_logged_out.connect(signals.after_logout, dispatch_uid="oobsite.accounts.logout")
