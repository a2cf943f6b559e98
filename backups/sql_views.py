"""Doors of the restore from an SQL file: have a file checked, read what is in it, confirm; delete files."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backups import restore_facts, services
from backups.facts import log_lines
from backups.messages import error_sentence
from backups.models import BackupRun, SqlFile
from backups.progress_facts import live_context
from backups.restore_views import known_figures, order, order_in_turn, show
from backups.services.uploading import delete_sql_file
from backups.sql_facts import SqlCheck
from backups.sql_forms import CheckForm, SqlRestoreForm
from oobsite.accounts.actors import actor_of
from oobsite.accounts.guards import staff_with
from oobsite.accounts.reauth import recent_login
from oobsite.errors import OobError

_MAY_RESTORE = staff_with("backups.restore_backuparchive")


@require_POST
@_MAY_RESTORE
def sql_check(request: HttpRequest) -> HttpResponse:
    form = CheckForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose an SQL file. Nothing was changed."))
        return redirect("backups:restore")

    def act() -> BackupRun:
        return services.request_sql_check(actor_of(request), form.to_request())

    return order_in_turn(request, act, "backups:sql-check-run")


@require_GET
@_MAY_RESTORE
def sql_check_run(request: HttpRequest, pk: int) -> HttpResponse:
    check = _get_check(pk)
    comparison = services.ask_comparison(actor_of(request), check.counts) if check.is_good else None
    return show(
        request,
        "sql/check",
        title=pgettext("menu", "Restore"),
        check=check,
        **(live_context(check.run) if check.run.is_open else {"run": check.run, "lines": log_lines(check.run)}),
        form=CheckForm(initial=check.request.to_json()),
        preview=comparison,
        figures=known_figures(comparison.figures) if comparison else [],
        gone=[title for title, _figure in known_figures(comparison.gone)] if comparison else [],
        server_error=_sentence_of(comparison.server_error) if comparison else "",
    )


def _get_check(pk: int) -> SqlCheck:
    return SqlCheck(get_object_or_404(BackupRun, pk=pk, action=BackupRun.Action.SQL_CHECK))


def _sentence_of(error: OobError | None) -> str:
    return error_sentence(error) if error is not None else ""


@require_http_methods(["GET", "POST"])
@_MAY_RESTORE
@recent_login
def sql_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    check = _get_check(pk)
    if not check.is_good:
        return redirect("backups:sql-check-run", pk)
    comparison = services.ask_comparison(actor_of(request), check.counts)
    data = request.POST if request.method == "POST" else None
    form = SqlRestoreForm(data, comparison=comparison, is_finished=check.is_finished)
    if comparison.is_answered and form.is_valid():
        wanted = form.to_request(check.confirmable)
        return order(request, lambda: services.request_sql_restore(actor_of(request), wanted))
    return show(
        request,
        "sql/confirm",
        title=pgettext("menu", "Restore"),
        check=check,
        form=form,
        wanted=settings.DBNAME,
        keep_hours=settings.OOB_KEEP_OLD_HOURS,
        preview=comparison,
        figures=known_figures(comparison.figures),
        gone=[title for title, _figure in known_figures(comparison.gone)],
        server_error=_sentence_of(comparison.server_error),
        open_run=restore_facts.find_open_run(),
    )


@require_POST
@_MAY_RESTORE
@recent_login
def sql_file_delete(request: HttpRequest, uid: str) -> HttpResponse:
    file = get_object_or_404(SqlFile, uid=uid)
    try:
        delete_sql_file(actor_of(request), file)
        messages.success(request, _("“%(name)s” is deleted.") % {"name": file.title})
    except OobError as error:
        messages.error(request, error_sentence(error))
    return redirect("backups:restore")
