from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class OobsiteConfig(AppConfig):
    """Templates, static files, texts and commands that belong to the whole site."""

    name = "oobsite"

    def ready(self) -> None:
        from oobsite import checks  # noqa: F401 - registers the checks


class OobAdminConfig(AdminConfig):
    default_site = "oobsite.site.OobAdminSite"
