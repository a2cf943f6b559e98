from django.contrib import admin
from django.urls import include, path

from oobsite.health import health

urlpatterns = [
    path("health/", health, name="health"),
    path("setup/", include("oobsite.accounts.urls")),
    path("accounts/", include("oobsite.accounts.login_urls")),
    path("backups/", include("backups.urls")),
    path("certs/", include("certs.urls")),
    path("selfservice/", include("selfservice.urls")),
    path("", admin.site.urls),
]
