from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from certs import facts, services
from certs.forms import ServiceForm
from certs.models import Certificate, CertificateAuthority
from certs.services.watching import find_weakness
from oobsite.accounts.actors import actor_of
from oobsite.templatetags import oob


def _weak_tag(certificate: Certificate) -> SafeString | str:
    """A mark for a key or a signature that browsers do not accept any more."""
    weakness = find_weakness(certificate.current.chain) if certificate.current else ""
    return oob.tag("bad", gettext("weak: %(weakness)s") % {"weakness": weakness}) if weakness else ""


def _former_tag(certificate: Certificate) -> SafeString | str:
    """A mark for a certificate that the present CA has not signed but one before it."""
    shown = facts.former_state()
    is_marked = services.is_former(certificate, CertificateAuthority.active())
    return oob.tag(shown.level, shown.words) if is_marked else ""


@admin.register(Certificate)
class CertificateAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A certificate is made on pages of its own; the form here changes only where it is looked for."""

    form = ServiceForm
    actions = None
    list_display = ("title", "issuer", "validity_tag", "served_tag")
    list_select_related = ("current",)
    fields = (("probe_host", "probe_port"), "is_default")

    @admin.display(description=_("service"), ordering="name")
    def title(self, certificate: Certificate) -> str:
        return str(certificate)

    @admin.display(description=_("issued by"))
    def issuer(self, certificate: Certificate) -> SafeString | str:
        issuer = facts.issuer_words(certificate.current) if certificate.current else ""
        mark = _former_tag(certificate)
        return format_html("{}<br>{}", issuer, mark) if mark else issuer

    @admin.display(description=_("valid"), ordering="current__ends_at")
    def validity_tag(self, certificate: Certificate) -> SafeString | str:
        if certificate.current is None:
            return ""
        ends_at = certificate.current.ends_at
        shown = facts.validity(ends_at)
        until = gettext("until %(day)s") % {"day": date_format(localtime(ends_at), "SHORT_DATE_FORMAT")}
        tags = format_html("{} {}", oob.tag(shown.level, shown.words), _weak_tag(certificate))
        return format_html('{}<br><small class="nowrap">{}</small>', tags, until)

    @admin.display(description=_("on the network"), ordering="served")
    def served_tag(self, certificate: Certificate) -> SafeString:
        shown = facts.served_state(certificate)
        return oob.tag(shown.level, shown.words)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        authority = CertificateAuthority.active()
        context = {
            "authority": authority,
            "authority_validity": facts.validity(authority.ends_at) if authority else None,
            "missing_count": facts.missing_count(),
            "former_count": len(services.list_former_due()),
            "hidden_address": facts.hidden_address(request),
            "calendar_url": facts.calendar_url(),
        }
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        certificate: Certificate = context["original"]
        current = certificate.current
        context |= {
            "chain": facts.read_chain(current) if current else [],
            "validity": facts.validity(current.ends_at) if current else None,
            "weak_tag": _weak_tag(certificate),
            "former_tag": _former_tag(certificate),
            "authority": CertificateAuthority.active(),
            "served": facts.served_state(certificate),
            "trust": facts.trust_words(certificate),
            "generations": facts.generations_of(certificate),
            "subtitle": None,
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Certificate, form: Any, change: bool) -> None:
        obj.save(update_fields=form.changed_data)  # or what the worker has noted meanwhile would be lost
        if "is_default" in form.changed_data:
            services.choose_default(actor_of(request), obj, is_default=obj.is_default)
        services.request_check(actor_of(request), obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Certificate | None = None) -> bool:
        return False
