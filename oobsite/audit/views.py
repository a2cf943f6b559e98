"""Doors beside the list of events: check the chain, export what the list shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_POST

from oobsite.accounts.actors import actor_of
from oobsite.audit.export import csv_lines
from oobsite.audit.messages import advice, verdict_sentence
from oobsite.audit.services import record
from oobsite.audit.verifying import verify

may_view = permission_required("audit.view_auditevent", raise_exception=True)


@require_POST
@may_view
def verify_chain(request: HttpRequest) -> HttpResponse:
    """Check every event, and say what was found."""
    verdict = verify(actor_of(request))
    say = messages.success if verdict.is_intact else messages.error
    say(request, f"{verdict_sentence(verdict)} {advice(verdict)}".strip())
    return redirect("admin:audit_auditevent_changelist")


def export(model_admin: Any) -> Callable[[HttpRequest], HttpResponseBase]:
    """The view that exports what ``model_admin``'s list shows; its filter and search come in the address."""

    @require_POST
    @may_view
    def view(request: HttpRequest) -> HttpResponseBase:
        events = model_admin.get_changelist_instance(request).get_queryset(request)
        details = {"count": events.count(), "filter": request.GET.urlencode()[:500]}
        event = record(actor_of(request), "audit.exported", None, details)
        shown = events.filter(number__lt=event.number).iterator(1000)
        response = StreamingHttpResponse(csv_lines(shown, get_language() or "de"), content_type="text/csv")
        response["Content-Disposition"] = f'attachment; filename="audit-{timezone.localdate()}.csv"'
        return response

    return view
