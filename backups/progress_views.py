"""The door of what renews itself: the part of a page that shows an open run, fetched by htmx every two seconds."""

from __future__ import annotations

from functools import wraps

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from backups.models import BackupRun
from backups.progress_facts import live_context
from backups.sight import sight_of
from backups.views import find_page
from oobsite.accounts.guards import View, staff_with


def _reload_page() -> HttpResponse:
    return HttpResponse(headers={"HX-Refresh": "true"})


def _is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def _reloaded_instead_of_led(view: View) -> View:
    """Whoever is led elsewhere, as to the login, gets there as a whole: htmx would put that page into this one."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        return _reload_page() if _is_htmx(request) and response.has_header("Location") else response

    return wrapped


@require_GET
@never_cache
@_reloaded_instead_of_led
@staff_with("backups.view_backuprun")
def run_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Without htmx it leads to the page of the run; when the run has ended, htmx loads the whole page anew."""
    run = get_object_or_404(BackupRun, pk=pk)
    if not _is_htmx(request):
        return redirect(find_page(request, run), run.pk)
    if not run.is_open:
        return _reload_page()
    context = {**live_context(run, sight_of(request.user)), "is_short": "short" in request.GET}
    return render(request, "backups/progress/live.html", context)
