"""Doors beside the admin's own pages: try a recipient, mark an alert as done."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from backups.messages import error_sentence
from oobsite.accounts.actors import actor_of
from oobsite.accounts.guards import staff_with
from oobsite.alerts.delivering import send_test
from oobsite.alerts.models import Alert, AlertChannel
from oobsite.alerts.services import dismiss
from oobsite.errors import OobError


@require_POST
@staff_with("alerts.change_alertchannel")
def channel_test(request: HttpRequest, pk: int) -> HttpResponse:
    channel = get_object_or_404(AlertChannel, pk=pk)
    try:
        send_test(actor_of(request), channel)
    except OobError as error:
        messages.error(request, error_sentence(error))
    else:
        text = _("The test was handed over for “%(channel)s”. Look whether it has arrived.")
        messages.success(request, text % {"channel": channel})
    return redirect("admin:alerts_alertchannel_change", pk)


@require_POST
@staff_with("alerts.change_alert")
def alert_dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    dismiss(actor_of(request), get_object_or_404(Alert, pk=pk))
    messages.success(request, _("Marked as done. Should it happen again, you are told again."))
    return redirect("admin:alerts_alert_changelist")
