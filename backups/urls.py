from django.urls import path

from backups import restore_views, views

app_name = "backups"

urlpatterns = [
    path("now/", views.backup_now, name="backup-now"),
    path("archives/<int:pk>/prove/", views.archive_prove, name="archive-prove"),
    path("archives/<int:pk>/download/", views.archive_download, name="archive-download"),
    path("runs/<int:pk>/cancel/", views.run_cancel, name="run-cancel"),
    path("restore/", restore_views.restore, name="restore"),
    path("restore/moments/<slug:stamp>/", restore_views.restore_confirm, name="restore-confirm"),
    path("restore/runs/<int:pk>/", restore_views.restore_run, name="restore-run"),
    path("restore/kept/<slug:restore_id>/", restore_views.restore_undo, name="restore-undo"),
]
