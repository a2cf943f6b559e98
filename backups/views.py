"""Doors of the screens beside the admin's own pages: start, prove, cancel, download."""

from __future__ import annotations

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from backups import services
from backups.messages import error_sentence
from backups.models import BackupArchive, BackupRun
from backups.restore_facts import RESTORE_ACTIONS
from oobsite.accounts.actors import actor_of
from oobsite.accounts.guards import staff_with
from oobsite.errors import OobError


@require_POST
@staff_with("backups.add_backuprun")
def backup_now(request: HttpRequest) -> HttpResponse:
    try:
        services.request_backup(actor_of(request))
    except OobError as error:
        messages.error(request, error_sentence(error))
    else:
        messages.success(request, _("The backup has been ordered. This page shows how far it is."))
    return redirect("admin:index")


@require_POST
@staff_with("backups.prove_backuparchive")
def archive_prove(request: HttpRequest, pk: int) -> HttpResponse:
    archive = get_object_or_404(BackupArchive, pk=pk)
    try:
        services.request_proof(actor_of(request), archive)
    except OobError as error:
        messages.error(request, error_sentence(error))
    else:
        messages.success(request, _("The proof has been ordered. Your data are not touched by it."))
    return redirect("admin:backups_backuparchive_change", pk)


_PAGES: dict[str, str] = {
    **dict.fromkeys(RESTORE_ACTIONS, "backups:restore-run"),
    BackupRun.Action.SALVAGE: "backups:salvage-run",
    BackupRun.Action.SQL_CHECK: "backups:sql-check-run",
}
COMMON_PAGE = "admin:backups_backuprun_change"


def find_page(request: HttpRequest, run: BackupRun) -> str:
    """The name of the page that shows ``run`` to this user."""
    may_restore = request.user.has_perm("backups.restore_backuparchive")
    return _PAGES.get(run.action, COMMON_PAGE) if may_restore else COMMON_PAGE


@require_POST
@staff_with("backups.change_backuprun")
def run_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(BackupRun, pk=pk)
    if run.is_open:
        services.request_cancel(actor_of(request), run)
        messages.success(request, _("The job ends as soon as it can. Finished archives are kept."))
    else:
        messages.warning(request, _("The job had already ended."))
    page = find_page(request, run)
    return redirect("admin:index") if page == COMMON_PAGE else redirect(page, pk)


@require_GET
@staff_with("backups.download_backuparchive")
def archive_download(request: HttpRequest, pk: int) -> HttpResponseBase:
    archive = get_object_or_404(BackupArchive, pk=pk)
    try:
        file = services.open_download(actor_of(request), archive)
    except OSError:
        return render(request, "backups/archive_missing.html", {"archive": archive}, status=404)
    return FileResponse(file, as_attachment=True, filename=archive.name)
