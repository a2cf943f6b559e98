from django.urls import path

from backups import views

app_name = "backups"

urlpatterns = [
    path("now/", views.backup_now, name="backup-now"),
    path("archives/<int:pk>/prove/", views.archive_prove, name="archive-prove"),
    path("archives/<int:pk>/download/", views.archive_download, name="archive-download"),
    path("runs/<int:pk>/cancel/", views.run_cancel, name="run-cancel"),
]
