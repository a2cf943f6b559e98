from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("setup/", include("oobsite.accounts.urls")),
    path("backups/", include("backups.urls")),
    path("", admin.site.urls),
]
