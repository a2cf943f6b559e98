"""Doors of the restore: choose a moment, read what it would cost and confirm, watch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_http_methods

from backups import restore_facts, services, sql_facts
from backups.facts import log_lines
from backups.management.previewing import FIGURE_TITLES
from backups.messages import error_sentence
from backups.models import BackupRun
from backups.progress_facts import live_context
from backups.restore_forms import RestoreForm
from backups.services.preview import Figure, Preview
from oobsite.accounts.actors import actor_of
from oobsite.accounts.guards import staff_with
from oobsite.accounts.reauth import recent_login
from oobsite.errors import OobError

MOMENTS_SHOWN = 100


def show(request: HttpRequest, name: str, **context: Any) -> HttpResponse:
    """A page with the main menu; ``name``: its template below ``backups/``."""
    return render(request, f"backups/{name}.html", {**admin.site.each_context(request), **context})


@require_GET
@staff_with("backups.restore_backuparchive")
def restore(request: HttpRequest) -> HttpResponse:
    moments = restore_facts.list_moments()
    return show(
        request,
        "restore/list",
        title=pgettext("menu", "Restore"),
        moments=moments[:MOMENTS_SHOWN],
        hidden=len(moments[MOMENTS_SHOWN:]),
        kept=restore_facts.list_undoable(),
        damaged=restore_facts.list_damaged(),
        open_run=restore_facts.find_open_run(),
        sql=sql_facts.list_choices(),
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
        preview = services.ask_preview(actor_of(request), [part.archive.name for part in chosen])
    except OobError as error:
        messages.error(request, error_sentence(error))
        return redirect("backups:restore")
    form = RestoreForm(request.POST if request.method == "POST" else None, preview=preview)
    if preview.is_answered and not preview.problems and form.is_valid():
        return order(request, lambda: services.request_restore(actor_of(request), form.to_request()))
    return show(request, "restore/confirm", **_warning(moment, chosen, preview, form))


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
        "figures": known_figures(preview.figures),
        "problems": [error_sentence(problem) for problem in preview.problems],
        "server_error": error_sentence(preview.server_error) if preview.server_error else "",
        "form": form,
        "keep_hours": settings.OOB_KEEP_OLD_HOURS,
        "open_run": restore_facts.find_open_run(),
    }


def known_figures(figures: Sequence[Figure]) -> list[tuple[Promise, Figure]]:
    """Those of which something is known, with their titles."""
    known = [figure for figure in figures if figure.archived is not None or figure.live is not None]
    return [(FIGURE_TITLES[figure.code], figure) for figure in known]


def order(request: HttpRequest, act: Callable[[], BackupRun], page: str = "backups:restore-run") -> HttpResponse:
    """Order a run and show it; not while another one works, for it would begin when nobody expects it any more."""
    if restore_facts.find_open_run() is not None:
        messages.error(
            request, _("Another job is running. Nothing was changed. Wait until it has ended, then try again.")
        )
        return redirect("backups:restore")
    return order_in_turn(request, act, page)


def order_in_turn(request: HttpRequest, act: Callable[[], BackupRun], page: str) -> HttpResponse:
    """Order a run that changes nothing and so may wait for its turn, and show it."""
    try:
        run = act()
    except OobError as error:
        messages.error(request, error_sentence(error))
        return redirect("backups:restore")
    return redirect(page, run.pk)


@require_GET
@staff_with("backups.restore_backuparchive")
def restore_run(request: HttpRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(BackupRun, pk=pk, action__in=restore_facts.RESTORE_ACTIONS)
    context = {"run": run, "progress": restore_facts.restore_progress(run), "lines": log_lines(run)}
    if run.is_open:
        context = live_context(run)
    return show(request, "restore/run", title=pgettext("menu", "Restore"), **context)
