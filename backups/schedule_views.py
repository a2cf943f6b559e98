"""Doors of schedules beside the admin's own pages: what the fields mean while one types, run now, leave out."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from backups.messages import error_sentence
from backups.models import BackupSchedule
from backups.schedule_facts import cron_fields, make_preview
from backups.schedule_forms import ScheduleForm
from backups.services import pinging, scheduling
from backups.views import COMMON_PAGE
from oobsite.accounts.actors import actor_of
from oobsite.accounts.guards import staff_with
from oobsite.errors import OobError

_CHANGE = "backups.change_backupschedule"


@require_GET
@staff_with("backups.view_backupschedule")
def schedule_preview(request: HttpRequest) -> HttpResponse:
    """What is typed, in words; nothing is stored."""
    pk = request.GET.get("schedule", "")
    stored = BackupSchedule.objects.filter(pk=pk).first() if pk.isascii() and pk.isdigit() else None
    form = ScheduleForm(request.GET, instance=stored)
    form.full_clean()
    preview = make_preview(form)
    context = {"form": form, "preview": preview, "fields": cron_fields(form, preview)}
    return render(request, "backups/schedule/preview.html", context)


@require_POST
@staff_with("backups.add_backuprun")
def schedule_run(request: HttpRequest, pk: int) -> HttpResponse:
    schedule = get_object_or_404(BackupSchedule, pk=pk)
    try:
        run = scheduling.run_now(actor_of(request), schedule)
    except OobError as error:
        messages.error(request, error_sentence(error))
        return redirect("admin:backups_backupschedule_change", pk)
    messages.success(request, _("The backup has been ordered. This page shows how far it is."))
    return redirect(COMMON_PAGE, run.pk)


@require_POST
@staff_with(_CHANGE)
def schedule_skip(request: HttpRequest, pk: int) -> HttpResponse:
    schedule = get_object_or_404(BackupSchedule, pk=pk)
    if scheduling.skip_next(actor_of(request), schedule) is None:  # of one that is left out the page itself speaks
        messages.success(request, _("No date is left out any more."))
    return redirect("admin:backups_backupschedule_change", pk)


@require_POST
@staff_with(_CHANGE)
def schedule_ping(request: HttpRequest, pk: int) -> HttpResponse:
    """Try the address for signs of life, as it is stored."""
    schedule = get_object_or_404(BackupSchedule, pk=pk)
    try:
        pinging.try_service(actor_of(request), schedule)
    except OobError as error:
        messages.error(request, error_sentence(error))
    else:
        messages.success(request, _("The service has taken a sign of life. It counts there as a successful backup."))
    return redirect("admin:backups_backupschedule_change", pk)


@require_POST
@staff_with("backups.add_backupschedule")
def schedule_usual(request: HttpRequest) -> HttpResponse:
    """The schedule that nearly every practice wants, by one click on the first screen."""
    if BackupSchedule.objects.exists():
        return redirect("admin:backups_backupschedule_changelist")
    schedule = scheduling.create_usual(actor_of(request))
    messages.success(request, _("From now on everything is backed up every night. Here you can change that."))
    return redirect("admin:backups_backupschedule_change", schedule.pk)
