"""Doors beside the admin's own page: preview, the change as a diff, write, decide, go back, test mail, restart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from backups.messages import error_sentence
from oobsite.accounts.actors import actor_of
from oobsite.accounts.guards import staff_with
from oobsite.errors import OobError
from selfservice import facts, services
from selfservice.forms import CompareForm, MailForm, PreviewForm
from selfservice.models import SelfServiceSettings
from selfservice.webelexis_facts import webelexis_facts

PAGE = "admin:selfservice_selfservicesettings_changelist"
VIEW, CHANGE = "selfservice.view_selfservicesettings", "selfservice.change_selfservicesettings"


@sensitive_post_parameters()
@require_POST
@staff_with(VIEW)
def preview(request: HttpRequest) -> HttpResponse:
    """The page and the mail as a patient sees them: a part for htmx, else a page of its own."""
    context = {"preview": facts.preview_of(PreviewForm.shown(request.POST))}
    if request.headers.get("HX-Request"):
        return render(request, "selfservice/preview.html", context)
    return page(request, "selfservice/preview_page.html", _("As a patient sees it"), **context)


@require_GET
@staff_with(VIEW)
def offers(request: HttpRequest) -> HttpResponse:
    """What Elexis has, for the two fields, and which Webelexis there is: the page waits for neither."""
    row = SelfServiceSettings.load()
    found = services.ask_offers()
    services.ask_installed()
    context = {"offers": found, "unknown": _unknown(found, row), "webelexis": webelexis_facts(row)}
    return render(request, "selfservice/offers.html", context)


def _unknown(found: services.Offers, row: SelfServiceSettings) -> list[str]:
    texts = {
        "agenda_area": _("Elexis has no agenda area “%(value)s”. Patients would see an error instead of the page."),
        "appointment_type": _("Elexis has no appointment type “%(value)s”."),
    }
    return [texts[name] % {"value": value} for name, value in found.unknown(row.agenda_area, row.appointment_type)]


@require_GET
@staff_with(VIEW)
def state(request: HttpRequest) -> HttpResponse:
    """Results of the worker's jobs, asked for again and again while one is open."""
    context = state_context()
    answer = render(request, "selfservice/state.html", context)
    if "writing" in request.GET and not context["is_writing"]:
        answer["HX-Refresh"] = "true"  # the rest of the page shows the file as it was
    return answer


def state_context() -> dict[str, Any]:
    row = SelfServiceSettings.load()
    results = {"mail_result": facts.result_of(row.mail_result), "page_result": facts.result_of(row.page_result)}
    last = facts.last_version()
    is_writing = last is not None and last.is_open
    return {
        **results,
        "last_version": last,
        "is_writing": is_writing,
        "is_open": is_writing or any(result and result.is_open for result in results.values()),
        "can_restart": services.can_restart(),
        "webelexis": webelexis_facts(row),
    }


@require_GET
@staff_with(CHANGE)
def change(request: HttpRequest) -> HttpResponse:
    """What would change in the file, before anybody changes it."""
    try:
        found = services.ask_change()
    except OobError as error:
        messages.error(request, error_sentence(error))
        return redirect(PAGE)
    row = SelfServiceSettings.load()
    context = {
        "change": found,
        "lines": facts.diff_lines(found.diff),
        "problem": error_sentence(found.problem) if found.problem else "",
        "notice": facts.es_module_notice(found.is_es_module),
        "unknown": [*_unknown(services.ask_offers(), row), *facts.remarks_on(row)],
    }
    return page(request, "selfservice/change.html", _("What changes in the file"), **context)


@require_POST
@staff_with(CHANGE)
def write(request: HttpRequest) -> HttpResponse:
    seen, wanted = request.POST.get("fingerprint", "")[:64], request.POST.get("wanted", "")[:64]
    services.request_write(actor_of(request), seen, wanted)
    return redirect(PAGE)


@require_POST
@staff_with(CHANGE)
def take_over(request: HttpRequest) -> HttpResponse:
    text = _("The values of the file count. Nothing was written.")
    return _do(request, lambda: services.take_over(actor_of(request)), text)


@require_POST
@staff_with(CHANGE)
def keep(request: HttpRequest) -> HttpResponse:
    """The values of oobsite count: next comes what this changes."""
    return _do(request, lambda: services.keep_ours(actor_of(request)), "", target="selfservice:change")


@require_GET
@staff_with(VIEW)
def diff(request: HttpRequest) -> HttpResponse:
    """Two states side by side."""
    form = CompareForm(request.GET)
    if not form.is_valid():
        messages.error(request, _("Choose two states that are to be compared."))
        return redirect(PAGE)
    older, newer = sorted((form.cleaned_data["older"], form.cleaned_data["newer"]))
    try:
        text = services.compare_versions(older, newer)
    except OobError as error:
        messages.error(request, error_sentence(error))
        return redirect(PAGE)
    title = _("States %(older)s and %(newer)s") % {"older": older, "newer": newer}
    return page(request, "selfservice/diff.html", title, lines=facts.diff_lines(text))


@require_GET
@staff_with(CHANGE)
def version(request: HttpRequest, number: int) -> HttpResponse:
    """What it would change to put an earlier state back, before anybody does it."""
    try:
        found = services.ask_return(number)
        if found.problem:
            raise found.problem
    except OobError as error:
        messages.error(request, error_sentence(error))
        return redirect(PAGE)
    title = _("Back to state %(number)s") % {"number": number}
    notice = facts.es_module_notice(found.is_es_module)
    context = {"change": found, "lines": facts.diff_lines(found.diff), "number": number, "notice": notice}
    return page(request, "selfservice/return.html", title, **context)


@require_POST
@staff_with(CHANGE)
def back(request: HttpRequest, number: int) -> HttpResponse:
    seen = request.POST.get("fingerprint", "")[:64]
    return _do(request, lambda: services.go_back(actor_of(request), number, seen), "")


@require_POST
@staff_with(CHANGE)
def mail(request: HttpRequest) -> HttpResponse:
    form = MailForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Write a mail address to which the test is to go."))
        return redirect(PAGE)
    address = form.cleaned_data["address"]
    text = _("The test mail is on its way; what came of it stands below within half a minute.")
    return _do(request, lambda: services.request_mail(actor_of(request), address), text)


@require_POST
@staff_with(CHANGE)
def restart(request: HttpRequest) -> HttpResponse:
    text = _("Webelexis is being restarted. It takes about a minute until its page comes again.")
    return _do(request, lambda: services.request_restart(actor_of(request)), text)


@require_POST
@staff_with(CHANGE)
def check(request: HttpRequest) -> HttpResponse:
    services.request_check(actor_of(request))
    return redirect(PAGE)


def _do(request: HttpRequest, act: Callable[[], object], done: str, *, target: str = PAGE) -> HttpResponse:
    """Lead to ``target``, with ``done`` as a message; after a failure to the settings, with its sentence."""
    try:
        act()
    except OobError as error:
        messages.error(request, error_sentence(error))
        return redirect(PAGE)
    if done:
        messages.success(request, done)
    return redirect(target)


def page(request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
    return render(request, template, {**admin.site.each_context(request), "title": title, **context})
