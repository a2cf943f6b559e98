"""Doors of the recovery of what can be read: say what may be missing, order it, watch it, show what came out."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from backups import services
from backups.facts import archive_facts, log_lines
from backups.models import BackupArchive, BackupRun
from backups.progress_facts import live_context
from backups.restore_views import order, show
from backups.salvage_facts import SalvageShown
from oobsite.accounts.actors import actor_of
from oobsite.accounts.guards import staff_with
from oobsite.accounts.reauth import recent_login

_MAY_RESTORE = staff_with("backups.restore_backuparchive")


@require_http_methods(["GET", "POST"])
@_MAY_RESTORE
@recent_login
def archive_salvage(request: HttpRequest, pk: int) -> HttpResponse:
    archive = get_object_or_404(BackupArchive, pk=pk)
    if not archive_facts(archive).can_be_salvaged:
        raise Http404
    if request.method == "POST":
        return order(request, lambda: services.request_salvage(actor_of(request), archive), page="backups:salvage-run")
    return show(request, "salvage/confirm", title=_("Recover what can be read"), archive=archive)


@require_GET
@_MAY_RESTORE
def salvage_run(request: HttpRequest, pk: int) -> HttpResponse:
    shown = SalvageShown(get_object_or_404(BackupRun, pk=pk, action=BackupRun.Action.SALVAGE))
    title = _("Recover what can be read")
    context = live_context(shown.run) if shown.run.is_open else {"run": shown.run, "lines": log_lines(shown.run)}
    return show(request, "salvage/run", title=title, shown=shown, **context)
