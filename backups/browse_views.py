"""Doors into an archive: look at its files, download some, have some restored beside the present ones, export SQL."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from backups import browse_facts, services
from backups.browse_forms import LookForm
from backups.messages import error_sentence
from backups.models import BackupArchive, SqlFile
from backups.services.browsing import Wish, browse, open_files
from backups.services.exports import MADE_HERE, open_export
from backups.services.filesrequest import FilesRequest
from oobsite.accounts.actors import actor_of
from oobsite.accounts.guards import staff_with
from oobsite.accounts.reauth import recent_login
from oobsite.errors import OobError

_may_download = staff_with("backups.download_backuparchive")


@require_GET
@_may_download
@recent_login
def archive_content(request: HttpRequest, pk: int) -> HttpResponse:
    archive = get_object_or_404(BackupArchive, pk=pk)
    look = LookForm(request.GET).to_look()
    try:
        listing, problem = browse(actor_of(request), archive, look), ""
    except OobError as error:
        listing, problem = None, error_sentence(error)
    facts = browse_facts.content_facts(archive, look, listing)
    return _show(request, "content", archive=archive, look=look, facts=facts, problem=problem)


def _show(request: HttpRequest, name: str, **context: Any) -> HttpResponse:
    title = _("Content of a backup")
    return render(
        request, f"backups/browse/{name}.html", {**admin.site.each_context(request), "title": title, **context}
    )


@require_GET
@_may_download
@recent_login
def archive_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    wish = Wish(request.GET.getlist("path")[:1], "file")
    return _send(request, get_object_or_404(BackupArchive, pk=pk), wish)


@require_POST
@_may_download
@recent_login
def archive_files(request: HttpRequest, pk: int) -> HttpResponseBase:
    wish = Wish(request.POST.getlist("path"), "tar" if request.POST.get("format") == "tar" else "zip")
    return _send(request, get_object_or_404(BackupArchive, pk=pk), wish)


def _send(request: HttpRequest, archive: BackupArchive, wish: Wish) -> HttpResponseBase:
    try:
        download = open_files(actor_of(request), archive, wish)
    except OobError as error:
        messages.error(request, error_sentence(error))
        return redirect("backups:archive-content", archive.pk)
    headers = {"Content-Disposition": content_disposition_header(as_attachment=True, filename=download.name) or ""}
    if download.size is not None:
        headers["Content-Length"] = str(download.size)
    return StreamingHttpResponse(download, content_type="application/octet-stream", headers=headers)


@require_POST
@staff_with("backups.restore_backuparchive")
@recent_login
def files_restore(request: HttpRequest, pk: int) -> HttpResponse:
    """First the page that says what will be done, then its order."""
    archive = get_object_or_404(BackupArchive, pk=pk)
    order = FilesRequest(archive.name, tuple(request.POST.getlist("path")))
    try:
        if "confirmed" in request.POST:
            run = services.request_files(actor_of(request), order)
            return redirect("admin:backups_backuprun_change", run.pk)
        plan = browse_facts.plan_files(order)
    except OobError as error:
        messages.error(request, error_sentence(error))
        return redirect("backups:archive-content", pk)
    return _show(request, "confirm", archive=archive, plan=plan)


@require_POST
@_may_download
@recent_login
def archive_export(request: HttpRequest, pk: int) -> HttpResponse:
    archive = get_object_or_404(BackupArchive, pk=pk)
    try:
        run = services.request_export(actor_of(request), archive, request.POST.get("table", "").strip())
    except OobError as error:
        messages.error(request, error_sentence(error))
        return redirect("admin:backups_backuparchive_change", pk)
    messages.success(
        request, _("The export has been ordered. This page shows how far it is; your data are not touched.")
    )
    return redirect("admin:backups_backuprun_change", run.pk)


@require_GET
@_may_download
@recent_login
def export_download(request: HttpRequest, uid: str) -> HttpResponseBase:
    file = get_object_or_404(SqlFile, uid=uid, origin__in=MADE_HERE, is_complete=True)
    try:
        content = open_export(actor_of(request), file)
    except OSError:
        messages.error(
            request, _("The file of this export is not there any more. Nothing was changed. Export it anew.")
        )
        return redirect("admin:backups_backuparchive_changelist")
    return FileResponse(content, as_attachment=True, filename=file.title, content_type="application/gzip")
