"""Doors of the restore: choose a moment, read what it would cost and confirm, watch, put the old data back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_http_methods

from backups import restore_facts, services
from backups.facts import log_lines
from backups.management.previewing import FIGURE_TITLES
from backups.messages import error_sentence
from backups.models import BackupRun
from backups.restore_forms import RestoreForm, UndoForm, wanted_word
from backups.services.preview import Figure, Preview
from oobsite.accounts.actors import actor_of
from oobsite.accounts.guards import staff_with
from oobsite.accounts.reauth import recent_login
from oobsite.errors import OobError

MOMENTS_SHOWN = 100


def _show(request: HttpRequest, name: str, **context: Any) -> HttpResponse:
    """A page with the main menu."""
    return render(request, f"backups/restore/{name}.html", {**admin.site.each_context(request), **context})


@require_GET
@staff_with("backups.restore_backuparchive")
def restore(request: HttpRequest) -> HttpResponse:
    moments = restore_facts.list_moments()
    return _show(
        request,
        "list",
        title=pgettext("menu", "Restore"),
        moments=moments[:MOMENTS_SHOWN],
        hidden=len(moments[MOMENTS_SHOWN:]),
        kept=restore_facts.list_undoable(),
        open_run=restore_facts.find_open_run(),
        restore_actions=restore_facts.RESTORE_ACTIONS,
    )


@require_http_methods(["GET", "POST"])
@staff_with("backups.restore_backuparchive")
@recent_login
def restore_confirm(request: HttpRequest, stamp: str) -> HttpResponse:
    moment = restore_facts.find_moment(stamp)
    if moment is None:
        messages.error(request, _("There is no backup of this moment any more. Choose another one."))
        return redirect("backups:restore")
    chosen = _chosen_parts(request, moment)
    try:
        preview = services.preview_restore(actor_of(request), [part.archive.name for part in chosen])
    except OobError as error:
        messages.error(request, error_sentence(error))
        return redirect("backups:restore")
    form = RestoreForm(request.POST if request.method == "POST" else None, preview=preview)
    if request.method == "POST" and not preview.problems and form.is_valid():
        return _order(request, lambda: services.request_restore(actor_of(request), form.to_request()))
    return _show(request, "confirm", **_warning(moment, chosen, preview, form))


def _chosen_parts(request: HttpRequest, moment: restore_facts.Moment) -> Sequence[restore_facts.Part]:
    """Those named in the query or the form; all when none is named."""
    asked = request.POST if request.method == "POST" else request.GET
    names = set(asked.getlist("source"))
    return [part for part in moment.parts if part.name in names] or moment.parts


def _warning(
    moment: restore_facts.Moment, chosen: Sequence[restore_facts.Part], preview: Preview, form: RestoreForm
) -> dict[str, Any]:
    return {
        "title": pgettext("menu", "Restore"),
        "moment": moment,
        "chosen": [part.name for part in chosen],
        "preview": preview,
        "figures": [(FIGURE_TITLES[figure.code], figure) for figure in preview.figures if _is_known(figure)],
        "problems": [error_sentence(problem) for problem in preview.problems],
        "server_error": error_sentence(preview.server_error) if preview.server_error else "",
        "form": form,
        "wanted": wanted_word(preview),
        "keep_hours": settings.OOB_KEEP_OLD_HOURS,
        "open_run": restore_facts.find_open_run(),
    }


def _is_known(figure: Figure) -> bool:
    return figure.archived is not None or figure.live is not None


def _order(request: HttpRequest, act: Callable[[], BackupRun]) -> HttpResponse:
    """Order a run and show it; not while another one works, for it would begin when nobody expects it any more."""
    if restore_facts.find_open_run() is not None:
        messages.error(
            request, _("Another job is running. Nothing was changed. Wait until it has ended, then try again.")
        )
        return redirect("backups:restore")
    try:
        run = act()
    except OobError as error:
        messages.error(request, error_sentence(error))
        return redirect("backups:restore")
    return redirect("backups:restore-run", run.pk)


@require_GET
@staff_with("backups.restore_backuparchive")
def restore_run(request: HttpRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(BackupRun, pk=pk, action__in=restore_facts.RESTORE_ACTIONS)
    progress = restore_facts.restore_progress(run)
    return _show(request, "run", title=pgettext("menu", "Restore"), run=run, progress=progress, lines=log_lines(run))


@require_http_methods(["GET", "POST"])
@staff_with("backups.restore_backuparchive")
@recent_login
def restore_undo(request: HttpRequest, restore_id: str) -> HttpResponse:
    kept = restore_facts.find_undoable(restore_id)
    if kept is None:
        raise Http404
    form = UndoForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        return _order(request, lambda: services.request_undo(actor_of(request), restore_id))
    return _show(request, "undo", title=_("Put the old data back"), kept=kept, form=form)
