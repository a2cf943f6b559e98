"""Doors of certificates beside the admin's own pages: set up, make, install, put back, remove."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backups.messages import error_sentence, notice_sentence, sentence
from certs import facts, services
from certs.domain.builder import LEAF_DAYS
from certs.domain.names import ServiceName, parse_name
from certs.forms import AuthorityForm, CertificateForm, InstallForm, RemoveForm
from certs.models import Certificate, CertificateAuthority, CertificateGeneration
from oobsite.accounts.actors import actor_of
from oobsite.accounts.guards import staff_with
from oobsite.accounts.reauth import recent_login, tell_what_to_do_again
from oobsite.errors import OobError

LIST_PAGE = "admin:certs_certificate_changelist"
PAGE = "admin:certs_certificate_change"
form_page = require_http_methods(["GET", "HEAD", "POST"])


@require_GET
@staff_with("certs.view_certificate")
def devices(request: HttpRequest) -> HttpResponse:
    """How each kind of device is told of the practice's CA."""
    present = CertificateAuthority.active()
    if present is None:
        return redirect(LIST_PAGE)
    shown = {
        **facts.about_root(present),
        "root": facts.read_root(present),
        "url": facts.root_url(),
        "is_local": facts.is_local_site(),
        "former": [(one, facts.read_root(one.authority)) for one in services.former_authorities()],
    }
    return page(request, "certs/devices.html", _("Make the practice CA known to the devices"), **shown)


@form_page
@staff_with("certs.add_certificateauthority")
@recent_login
def authority(request: HttpRequest) -> HttpResponse:
    """Set up the practice's CA, or put another in its place."""
    present = CertificateAuthority.active()
    form = AuthorityForm(request.POST or None, present=present)
    tell_what_to_do_again(request)
    is_ordered = request.method == "POST" and form.is_valid()
    if is_ordered and _try(lambda: services.make_authority(actor_of(request), form.to_order()), form):
        messages.success(request, _after_authority(has_former=bool(services.list_former())))
        return redirect("certs:devices")
    title = _("Set up the practice CA") if present is None else _("Replace the practice CA")
    return page(request, "certs/authority.html", title, form=form, authority=present, signed_count=facts.signed_count())


def _after_authority(*, has_former: bool) -> str:
    if not has_former:
        return _("The practice CA is set up. Now make it known to each device, once.")
    return _(
        "The new practice CA is set up. Make it known to each device, once; then renew what the one before has signed: "
        "the button for that is below."
    )


@form_page
@staff_with("certs.add_certificate")
def new(request: HttpRequest) -> HttpResponse:
    """Make a certificate; the first button shows what would be made."""
    form = CertificateForm(request.POST or None, initial=_initial(request.GET.get("name", "")))
    order = form.to_order() if request.method == "POST" and form.is_valid() else None
    if order is None or "preview" in request.POST or _takes_a_place(order):
        preview = _preview(order) if order else None
        return page(request, "certs/new.html", _("Make a certificate"), form=form, preview=preview)
    made = _try(lambda: services.make_certificate(actor_of(request), order), form)
    if made:
        messages.success(request, _("The certificate is made. The worker installs it within seconds."))
        return redirect(PAGE, made.certificate_id)
    return page(request, "certs/new.html", _("Make a certificate"), form=form)


def _initial(name: str) -> dict[str, Any]:
    """What stands on the certificate of a service that has one."""
    try:
        certificate = Certificate.objects.filter(name=parse_name(name).text).first()
    except OobError:
        certificate = None
    return CertificateForm.initial_of(certificate) if certificate else {"name": name}


def _takes_a_place(order: services.CertificateOrder) -> bool:
    """Whether the service has a certificate in use, and nobody has said that another takes its place."""
    return not order.is_replacing and services.find_in_use(order.names) is not None


def _preview(order: services.CertificateOrder) -> dict[str, Any]:
    replaced = services.find_in_use(order.names)
    signer = CertificateAuthority.active() if order.way == Certificate.Way.AUTHORITY else None
    ends_at = timezone.now() + timedelta(days=LEAF_DAYS)
    return {
        "names": [name.shown for name in order.names],
        "issuer": signer.common_name if signer else _("itself"),
        "ends_at": min(ends_at, signer.ends_at) if signer else ends_at,
        "key": Certificate.Key(order.key_kind).label,
        "replaces": replaced,
        "lost": services.lost_names(replaced, order.names) if replaced else [],
        "overlaps": [notice_sentence(notice) for notice in services.tell_overlaps(order.names)],
    }


@sensitive_post_parameters()
@form_page
@staff_with("certs.add_certificate")
def install(request: HttpRequest) -> HttpResponse:
    """Install a pair that was made elsewhere."""
    form = InstallForm(request.POST or None, request.FILES or None, initial={"name": request.GET.get("name", "")})
    title = _("Install a certificate and its key")
    if request.method == "POST" and form.is_valid():
        act = services.examine_pair if "preview" in request.POST else services.install_pair
        made = _try(lambda: act(actor_of(request), form.to_delivery()), form)
        if isinstance(made, services.Examined):
            return page(request, "certs/install.html", title, form=form, preview=_preview_installed(made))
        if made:
            messages.success(request, _("The pair is in order. The worker installs it within seconds."))
            for notice in made.notices:
                messages.warning(request, sentence(notice["code"], notice["params"]))
            return redirect(PAGE, made.certificate_id)
    return page(request, "certs/install.html", title, form=form)


def _preview_installed(found: services.Examined) -> dict[str, Any]:
    leaf = facts.read_certificate(found.pair.certificate)
    return {
        "name": found.names[0].shown,
        "names": [ServiceName(text).shown for text in leaf.names],
        "issuer": _("itself") if leaf.is_self_signed else leaf.issuer,
        "ends_at": leaf.ends_at,
        "key": leaf.key,
        "remarks": [notice_sentence(notice) for notice in found.notices],
        "replaces": services.find_in_use(found.names),
    }


@require_POST
@staff_with("certs.change_certificate")
def renew(request: HttpRequest, pk: int) -> HttpResponse:
    certificate = get_object_or_404(Certificate, pk=pk)
    done = _("A new certificate is made. The worker installs it within seconds.")
    _tell(request, lambda: services.renew_certificate(actor_of(request), certificate), done)
    return redirect(PAGE, pk)


@require_POST
@staff_with("certs.change_certificate")
def renew_former(request: HttpRequest) -> HttpResponse:
    """Renew all that a former CA has signed."""
    renewal = services.renew_former(actor_of(request))
    for name, error in renewal.errors.items():
        text = _("“%(name)s” is not renewed. %(problem)s")
        messages.error(request, text % {"name": name, "problem": error_sentence(error)})
    if renewal.made:
        messages.success(request, _renewed_words(len(renewal.made)))
    elif not renewal.errors:
        messages.success(request, _("Nothing is left to renew, or it is under way already."))
    return redirect(LIST_PAGE)


def _renewed_words(count: int) -> str:
    text = ngettext(
        "One certificate is made anew. The worker installs it within seconds.",
        "%(count)d certificates are made anew. The worker installs them within seconds.",
        count,
    )
    return text % {"count": count}


@require_POST
@staff_with("certs.change_certificate")
def check(request: HttpRequest, pk: int) -> HttpResponse:
    services.request_check(actor_of(request), get_object_or_404(Certificate, pk=pk))
    messages.success(request, _("The service is being asked. Load this page anew in a few seconds."))
    return redirect(PAGE, pk)


@require_POST
@staff_with("certs.change_certificate")
def generation_back(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    generation = get_object_or_404(CertificateGeneration, certificate=pk, number=number)
    done = _("The earlier certificate is put back within seconds.")
    _tell(request, lambda: services.back_to_generation(actor_of(request), generation), done)
    return redirect(PAGE, pk)


@require_POST
@staff_with("certs.change_certificate")
def generation_again(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    generation = get_object_or_404(CertificateGeneration, certificate=pk, number=number)
    services.try_again(actor_of(request), generation)
    messages.success(request, _("The worker tries again to install it."))
    return redirect(PAGE, pk)


@require_POST
@staff_with("certs.change_certificate")
def put_back(request: HttpRequest) -> HttpResponse:
    services.request_put_back(actor_of(request))
    messages.success(request, _("The newer certificates are being put back. Load this page anew in a few seconds."))
    return redirect(LIST_PAGE)


@require_POST
@staff_with("certs.change_certificate")
def calendar_new(request: HttpRequest) -> HttpResponse:
    services.renew_calendar(actor_of(request))
    messages.success(request, _("The calendar has a new address. Subscribe to it; an earlier one is none any more."))
    return redirect(LIST_PAGE)


@form_page
@staff_with("certs.delete_certificate")
@recent_login
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    certificate = get_object_or_404(Certificate, pk=pk)
    form = RemoveForm(request.POST or None, certificate=certificate)
    tell_what_to_do_again(request)
    if request.method == "POST" and form.is_valid():
        services.remove_certificate(actor_of(request), certificate)
        messages.success(request, _("The certificate is removed. The worker deletes its files."))
        return redirect(LIST_PAGE)
    return page(request, "certs/remove.html", _("Remove a certificate"), form=form, certificate=certificate)


def _try(act: Callable[[], Any], form: Form) -> Any:
    """What ``act`` returns; None when it failed, which then stands above the form."""
    try:
        return act()
    except OobError as error:
        form.add_error(None, error_sentence(error))
        return None


def _tell(request: HttpRequest, act: Callable[[], Any], done: str) -> None:
    """Say above the next page that it is ``done``, or why not."""
    try:
        act()
    except OobError as error:
        messages.error(request, error_sentence(error))
    else:
        messages.success(request, done)


def page(request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
    return render(request, template, {**admin.site.each_context(request), "title": title, **context})
