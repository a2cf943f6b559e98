"""What may be taken along: public parts by who may see the page, the root by everybody, the key by owners."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from backups.messages import error_sentence
from certs import facts, services
from certs.domain import traefik
from certs.domain.calendar import Entry, render_calendar
from certs.domain.profile import make_profile, to_der
from certs.domain.store import folder_name
from certs.models import Certificate, CertificateAuthority
from certs.services.generations import split_chain
from certs.services.places import seen_dir
from certs.views import PAGE, page
from oobsite.accounts.actors import actor_of
from oobsite.accounts.guards import staff_with
from oobsite.accounts.reauth import recent_login, tell_what_to_do_again
from oobsite.errors import OobError

_ROOT_TYPES = {
    "crt": "application/x-x509-ca-cert",
    "der": "application/x-x509-ca-cert",
    "mobileconfig": "application/x-apple-aspen-config",
}
_SNIPPETS = {"nginx": (traefik.nginx_snippet, "conf"), "caddy": (traefik.caddy_snippet, "caddy")}


@require_GET
def root(request: HttpRequest, form: str) -> HttpResponse:
    """The root of the practice's CA: public, since a device must fetch it before it can trust us."""
    authority = CertificateAuthority.active()
    if authority is None or form not in _ROOT_TYPES:
        raise Http404
    return _root_file(authority, form, "root")


@require_GET
@staff_with("certs.view_certificate")
def former_root(request: HttpRequest, pk: int, form: str) -> HttpResponse:
    """The root of a CA that was replaced, as long as a certificate of it is served."""
    needed = (one.authority for one in services.former_authorities() if one.authority.pk == pk)
    authority = next(needed, None)
    if authority is None or form not in _ROOT_TYPES:
        raise Http404
    return _root_file(authority, form, f"root-{authority.fingerprint[:8]}")


def _root_file(authority: CertificateAuthority, form: str, name: str) -> HttpResponse:
    pem = authority.certificate.encode()
    content = {"crt": lambda: pem, "der": lambda: to_der(pem), "mobileconfig": lambda: _profile(authority)}[form]()
    return _file(content, _ROOT_TYPES[form], f"{name}.{form}")


@require_GET
def root_page(request: HttpRequest) -> HttpResponse:
    """How a device is told of the root: public as that is. By plain http, so it holds no fingerprint to rely on."""
    authority = CertificateAuthority.active()
    if authority is None:
        raise Http404
    title = _("Make the practice CA known to the devices")
    return render(request, "certs/root.html", {**facts.about_root(authority), "title": title})


def _profile(authority: CertificateAuthority) -> bytes:
    text = _("Makes the services of the practice trustworthy on this device.")
    return make_profile(authority.certificate.encode(), authority.common_name, text)


@require_GET
@staff_with("certs.view_certificate")
def download(request: HttpRequest, pk: int, form: str) -> HttpResponse:
    """The public part: the certificate alone (crt, der) or with what is above it (pem)."""
    certificate = get_object_or_404(Certificate.objects.select_related("current"), pk=pk)
    if certificate.current is None:
        raise Http404
    leaf, *_rest = split_chain(certificate.current.chain)
    contents = {"crt": lambda: leaf, "der": lambda: to_der(leaf), "pem": lambda: _chain_of(certificate)}
    if form not in contents:
        raise Http404
    return _file(contents[form](), "application/x-x509-ca-cert", f"{folder_name(certificate.service)}.{form}")


def _chain_of(certificate: Certificate) -> bytes:
    return certificate.current.chain.encode() if certificate.current else b""


@require_GET
@staff_with("certs.view_certificate")
def snippet(request: HttpRequest, pk: int, proxy: str) -> HttpResponse:
    """Lines for another proxy than Traefik."""
    certificate = get_object_or_404(Certificate, pk=pk)
    if certificate.current is None or proxy not in _SNIPPETS:
        raise Http404
    write, ending = _SNIPPETS[proxy]
    text = write(certificate.service, seen_dir())
    return _file(text.encode(), "text/plain; charset=utf-8", f"{folder_name(certificate.service)}.{ending}")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@staff_with("certs.download_key")
@recent_login
def key(request: HttpRequest, pk: int) -> HttpResponse:
    """The private key: asked for on a page of its own, handed out by a POST."""
    certificate = get_object_or_404(Certificate, pk=pk)
    tell_what_to_do_again(request)
    if request.method == "POST":
        try:
            content = services.open_key(actor_of(request), certificate)
        except OobError as error:
            messages.error(request, error_sentence(error))
            return redirect(PAGE, pk)
        return _file(content, "application/x-pem-file", f"{folder_name(certificate.service)}.key")
    return page(request, "certs/key.html", _("Download the private key"), certificate=certificate)


@require_GET
def expiries(request: HttpRequest, token: str) -> HttpResponse:
    """A calendar of the days on which certificates end, for whoever knows its address."""
    wanted = services.calendar_token()
    if not wanted or not constant_time_compare(token, wanted):
        raise Http404
    text = render_calendar(_entries(), timezone.now())
    return HttpResponse(text, content_type="text/calendar; charset=utf-8")


def _entries() -> list[Entry]:
    current = Certificate.objects.filter(current__isnull=False).select_related("current")
    ends = [(f"certificate-{one.pk}", one.service.shown, one.current.ends_at) for one in current if one.current]
    authority = CertificateAuthority.active()
    if authority is not None:
        ends.append((f"authority-{authority.pk}", authority.common_name, authority.ends_at))
    return [
        Entry(
            uid=f"{uid}-{at:%Y%m%d}@oobsite",
            day=timezone.localdate(at),
            title=_("Certificate ends: %(name)s") % {"name": name},
            text=_("Renew or install it in oobsite under “Certificates”."),
        )
        for uid, name, at in ends
    ]


def _file(content: bytes, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
