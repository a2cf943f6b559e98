"""Doors to what a restore has kept: put it back, test what was not tested, or remove it before its time."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from backups import restore_facts, services
from backups.messages import error_sentence
from backups.restore_forms import ReleaseForm, UndoForm
from backups.restore_views import order, show
from oobsite.accounts.actors import actor_of
from oobsite.accounts.guards import staff_with
from oobsite.accounts.reauth import recent_login
from oobsite.errors import OobError


@require_http_methods(["GET", "POST"])
@staff_with("backups.restore_backuparchive")
@recent_login
def restore_undo(request: HttpRequest, restore_id: str) -> HttpResponse:
    kept = restore_facts.find_undoable(restore_id)
    if kept is None:
        return _nothing_kept(request)
    try:
        preview = services.ask_undo_preview(actor_of(request), restore_id)
    except OobError as error:
        messages.error(request, error_sentence(error))
        return redirect("backups:restore")
    form = UndoForm(request.POST if request.method == "POST" else None, preview=preview)
    if preview.problem is None and form.is_valid():
        return order(request, lambda: services.request_undo(actor_of(request), form.to_request(restore_id)))
    problem = error_sentence(preview.problem) if preview.problem else ""
    title = _("Put the old data back")
    return show(request, "restore/undo", title=title, kept=kept, form=form, preview=preview, problem=problem)


@require_http_methods(["GET", "POST"])
@staff_with("backups.restore_backuparchive")
@recent_login
def restore_release(request: HttpRequest, restore_id: str) -> HttpResponse:
    kept = restore_facts.find_undoable(restore_id)
    if kept is None:
        return _nothing_kept(request)
    form = ReleaseForm(request.POST if request.method == "POST" else None, kept=kept)
    if form.is_valid():
        return order(request, lambda: services.request_release(actor_of(request), form.to_request()))
    return show(request, "restore/release", title=_("Remove the old data"), kept=kept, form=form)


@require_POST
@staff_with("backups.restore_backuparchive")
def restore_retest(request: HttpRequest, restore_id: str) -> HttpResponse:
    if restore_facts.find_undoable(restore_id) is None:
        return _nothing_kept(request)
    return order(request, lambda: services.request_retest(actor_of(request), restore_id))


def _nothing_kept(request: HttpRequest) -> HttpResponse:
    """Somebody comes back to a page whose question is answered: by hand, by time, or in another window."""
    messages.warning(request, _("Nothing is kept of this restore any more: put back, or removed. Nothing was changed."))
    return redirect("backups:restore")
