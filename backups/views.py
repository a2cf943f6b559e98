"""Doors of the screens beside the admin's own pages: start, prove, cancel, download."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.decorators import permission_required
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from backups import services
from backups.domain.lock import open_pinned
from backups.messages import error_sentence
from backups.models import BackupArchive, BackupRun
from oobsite.accounts.models import User
from oobsite.errors import OobError

View = Callable[..., HttpResponseBase]


def staff_with(permission: str) -> Callable[[View], View]:
    """Ask for a login, then for ``permission``. The login leads to the overview: a POST cannot be repeated."""

    def guard(view: View) -> View:
        checked = permission_required(permission, raise_exception=True)(view)
        return staff_member_required(checked, redirect_field_name="")

    return guard


@require_POST
@staff_with("backups.add_backuprun")
def backup_now(request: HttpRequest) -> HttpResponse:
    try:
        services.request_backup(user=cast(User, request.user))
    except OobError as error:
        messages.error(request, error_sentence(error))
    else:
        messages.success(request, _("The backup has been ordered. This page shows how far it is."))
    return redirect("admin:index")


@require_POST
@staff_with("backups.add_backuprun")
def archive_prove(request: HttpRequest, pk: int) -> HttpResponse:
    archive = get_object_or_404(BackupArchive, pk=pk)
    try:
        services.request_proof(archive, user=cast(User, request.user))
    except OobError as error:
        messages.error(request, error_sentence(error))
    else:
        messages.success(request, _("The proof has been ordered. Your data are not touched by it."))
    return redirect("admin:backups_backuparchive_change", pk)


@require_POST
@staff_with("backups.change_backuprun")
def run_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(BackupRun, pk=pk)
    if run.is_open:
        services.request_cancel(run)
        messages.success(request, _("The job ends as soon as it can. Finished archives are kept."))
    else:
        messages.warning(request, _("The job had already ended."))
    return redirect("admin:index")


@require_GET
@staff_with("backups.view_backuparchive")
def archive_download(request: HttpRequest, pk: int) -> HttpResponseBase:
    archive = get_object_or_404(BackupArchive, pk=pk)
    try:
        file = open_pinned(archive.path)
    except OSError:
        return render(request, "backups/archive_missing.html", {"archive": archive}, status=404)
    return FileResponse(file, as_attachment=True, filename=archive.name)
