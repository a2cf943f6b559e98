from django.urls import path

from backups import (
    browse_views,
    kept_views,
    progress_views,
    restore_views,
    salvage_views,
    schedule_views,
    sql_views,
    upload_views,
    views,
)

app_name = "backups"

urlpatterns = [
    path("now/", views.backup_now, name="backup-now"),
    path("archives/<int:pk>/prove/", views.archive_prove, name="archive-prove"),
    path("archives/<int:pk>/download/", views.archive_download, name="archive-download"),
    path("archives/<int:pk>/salvage/", salvage_views.archive_salvage, name="archive-salvage"),
    path("salvage/runs/<int:pk>/", salvage_views.salvage_run, name="salvage-run"),
    path("archives/<int:pk>/content/", browse_views.archive_content, name="archive-content"),
    path("archives/<int:pk>/content/file/", browse_views.archive_file, name="archive-file"),
    path("archives/<int:pk>/content/files/", browse_views.archive_files, name="archive-files"),
    path("archives/<int:pk>/content/restore/", browse_views.files_restore, name="files-restore"),
    path("archives/<int:pk>/export/", browse_views.archive_export, name="archive-export"),
    path("exports/<slug:uid>/download/", browse_views.export_download, name="export-download"),
    path("runs/<int:pk>/progress/", progress_views.run_progress, name="run-progress"),
    path("runs/<int:pk>/cancel/", views.run_cancel, name="run-cancel"),
    path("schedules/preview/", schedule_views.schedule_preview, name="schedule-preview"),
    path("schedules/usual/", schedule_views.schedule_usual, name="schedule-usual"),
    path("schedules/<int:pk>/run/", schedule_views.schedule_run, name="schedule-run"),
    path("schedules/<int:pk>/skip/", schedule_views.schedule_skip, name="schedule-skip"),
    path("schedules/<int:pk>/ping/", schedule_views.schedule_ping, name="schedule-ping"),
    path("restore/", restore_views.restore, name="restore"),
    path("restore/moments/<slug:stamp>/", restore_views.restore_confirm, name="restore-confirm"),
    path("restore/runs/<int:pk>/", restore_views.restore_run, name="restore-run"),
    path("restore/kept/<slug:restore_id>/", kept_views.restore_undo, name="restore-undo"),
    path("restore/kept/<slug:restore_id>/release/", kept_views.restore_release, name="restore-release"),
    path("restore/kept/<slug:restore_id>/test/", kept_views.restore_retest, name="restore-retest"),
    path("restore/sql/check/", sql_views.sql_check, name="sql-check"),
    path("restore/sql/checks/<int:pk>/", sql_views.sql_check_run, name="sql-check-run"),
    path("restore/sql/checks/<int:pk>/confirm/", sql_views.sql_confirm, name="sql-confirm"),
    path("restore/sql/files/<slug:uid>/delete/", sql_views.sql_file_delete, name="sql-file-delete"),
    path("restore/sql/uploads/", upload_views.sql_uploads, name="sql-uploads"),
    path("restore/sql/uploads/<slug:uid>/", upload_views.sql_upload, name="sql-upload"),
]
