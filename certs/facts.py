"""What the screens of certificates say, as facts: levels and words for admin and templates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import qrcode
import qrcode.image.svg
from cryptography import x509
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from backups.messages import sentence
from certs.domain.facts import CertificateFacts, is_self_signed, read_facts
from certs.domain.names import ServiceName
from certs.models import RENEW_BEFORE, Certificate, CertificateAuthority, CertificateGeneration
from certs.services.calendar import calendar_token
from certs.services.generations import split_chain
from oobsite.proxies import is_trusted

_URGENT_DAYS = 7
_YEARS = 2  # from so many on, days say nothing
_INSTALLED_WITHIN = timedelta(minutes=1)
Served = Certificate.Served
State = CertificateGeneration.State
#: A worker in a container of its own often cannot reach what all others can: that is no alarm.
_SERVED_LEVELS = {
    Served.UNKNOWN: "idle",
    Served.SERVED: "good",
    Served.UNREACHABLE: "warn",
    Served.UNKNOWN_HOST: "warn",
}
_STATE_LEVELS = {State.ACTIVE: "good", State.PENDING: "busy", State.OLD: "idle", State.FAILED: "bad"}

#: What to do when a service serves something else.
FIXES: dict[str, Promise] = {
    Served.UNKNOWN: _("Nobody has asked the service yet."),
    Served.SERVED: _("Whoever opens the service gets this certificate."),
    Served.ANOTHER: _(
        "The service serves another certificate than this one. See that the proxy reads the folder of oobsite "
        "(README, “Certificates”), or restart it."
    ),
    Served.WRONG_NAME: _(
        "The service serves a certificate that is not good for this name, so browsers refuse it. See that the proxy "
        "has a route for the name, and reads the folder of oobsite."
    ),
    Served.EXPIRED: _(
        "The service serves a certificate that has ended. See that the proxy reads the folder of oobsite."
    ),
    Served.NO_TLS: _("Something answers there, but without encryption. Check host and port below."),
    Served.UNREACHABLE: _("Nothing answers there. Check that the proxy runs, and host and port below."),
    Served.UNKNOWN_HOST: _(
        "The server does not know this name. Enter it in the router or the name server, or name the proxy's address "
        "below."
    ),
}


@dataclass(frozen=True)
class Shown:
    """A state: level of the tag, its words, and a sentence."""

    level: str
    words: str
    text: str = ""


def validity(ends_at: datetime, now: datetime | None = None) -> Shown:
    """How long a certificate is still good."""
    left = ends_at - (now or timezone.now())
    if left.total_seconds() <= 0:
        return Shown("bad", gettext("ended"))
    level = "bad" if left.days <= _URGENT_DAYS else "warn" if left <= RENEW_BEFORE else "good"
    return Shown(level, _time_left(left.days))


def _time_left(days: int) -> str:
    if days >= _YEARS * 365:
        return ngettext("%(count)d year left", "%(count)d years left", days // 365) % {"count": days // 365}
    return ngettext("%(count)d day left", "%(count)d days left", days) % {"count": days}


def served_state(certificate: Certificate) -> Shown:
    """Whether the service serves it, and what to do when not."""
    if certificate.current is None:
        return _not_installed(certificate)
    if not certificate.current.is_stored:
        text = gettext("Its files are not on the disk. “Put back” on the list brings them back.")
        return Shown("bad", gettext("files missing"), text)
    served = Served(certificate.served)
    return Shown(_SERVED_LEVELS.get(served, "bad"), str(served.label), str(FIXES[served]))


def trust_words(certificate: Certificate) -> str:
    """Who trusts what the service serves, as the last look has found; empty when nothing was read there."""
    found = certificate.served_facts
    if not certificate.served or "subject" not in found:
        return ""
    if found["is_public"]:
        return gettext("Every device trusts what is served there.")
    if found["is_trusted"]:
        return gettext("Devices that know the practice CA trust what is served there; all others warn.")
    return gettext(
        "Neither the practice CA nor the list of the system vouches for what is served there: a device warns until it "
        "is told to trust just this certificate."
    )


def _not_installed(certificate: Certificate) -> Shown:
    if certificate.generations.filter(state=State.PENDING).exists():
        return Shown("busy", gettext("being installed"), gettext("The worker is about to install it."))
    return Shown("bad", gettext("not installed"), gettext("The list below says why, and tries again."))


@dataclass(frozen=True)
class Details:
    """A certificate as a browser shows it."""

    facts: CertificateFacts

    @property
    def fingerprint(self) -> str:
        return spaced(self.facts.fingerprint)

    @property
    def names(self) -> list[str]:
        return [ServiceName(text).shown for text in self.facts.names]


def spaced(fingerprint: str) -> str:
    """``ab12…`` as browsers write it: ``AB 12 …``."""
    pairs = [fingerprint[at : at + 2] for at in range(0, len(fingerprint), 2)]
    return " ".join(pairs).upper()


def read_chain(generation: CertificateGeneration) -> list[Details]:
    """The leaf and what is above it."""
    return [Details(read_certificate(pem)) for pem in split_chain(generation.chain)]


def read_certificate(pem: bytes) -> CertificateFacts:
    return read_facts(x509.load_pem_x509_certificate(pem))


def read_root(authority: CertificateAuthority) -> Details:
    return Details(read_certificate(authority.certificate.encode()))


@dataclass(frozen=True)
class GenerationFacts:
    """One line of the list of generations."""

    generation: CertificateGeneration
    issuer: str
    state: Shown
    remarks: list[str]
    can_go_back: bool
    can_try_again: bool


def generations_of(certificate: Certificate) -> list[GenerationFacts]:
    now = timezone.now()
    return [_describe(generation, now) for generation in certificate.generations.all()[:20]]


def _describe(generation: CertificateGeneration, now: datetime) -> GenerationFacts:
    state = State(generation.state)
    problem = sentence(generation.error_code, generation.error_params) if generation.error_code else ""
    return GenerationFacts(
        generation,
        issuer_words(generation),
        Shown(_STATE_LEVELS[state], str(state.label), problem),
        [sentence(notice["code"], notice["params"]) for notice in generation.notices],
        can_go_back=state == State.OLD and generation.is_stored and generation.ends_at > now,
        can_try_again=_can_try_again(generation, now),
    )


def _can_try_again(generation: CertificateGeneration, now: datetime) -> bool:
    """Whether its installation has failed, or lasts so long that its job must have died."""
    if generation.state == State.PENDING:
        return now - generation.made_at > _INSTALLED_WITHIN
    return generation.state == State.FAILED and bool(generation.waiting_key or generation.is_stored)


def hidden_address(request: HttpRequest) -> str:
    """The address under which all visitors come, where the proxy's own network hides who asks; else empty."""
    address: str = request.META.get("REMOTE_ADDR", "")
    is_hidden = "HTTP_X_FORWARDED_FOR" in request.META and is_trusted(address, settings.OOB_TRUSTED_PROXIES)
    return address if is_hidden and not ip_address(address).is_loopback else ""


def signed_count() -> int:
    """How many services have a certificate that the practice's CA has signed."""
    return Certificate.objects.filter(way=Certificate.Way.AUTHORITY, current__isnull=False).count()


def issuer_words(generation: CertificateGeneration) -> str:
    """Who has signed it."""
    leaf = x509.load_pem_x509_certificate(generation.chain.encode())
    return gettext("itself") if is_self_signed(leaf) else generation.issuer


def former_state() -> Shown:
    """The mark of a certificate in use that a former CA has signed."""
    return Shown("warn", gettext("signed by the former CA"))


def is_local_site() -> bool:
    """Whether the address under which oobsite believes to be reached leads every device to itself."""
    host = urlsplit(settings.OOB_URL).hostname or ""
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def missing_count() -> int:
    """How many certificates in use are not on the disk."""
    return Certificate.objects.filter(current__is_stored=False).count()


def root_url(form: str = "") -> str:
    """Where devices fetch the root without a login, or without a ``form`` the page about that.

    By plain http where our proxy leads to https: a device that does not trust the certificate yet would refuse that.
    """
    path = reverse("certs:root", args=[form]) if form else reverse("certs:root-page")
    address = urlsplit(settings.OOB_URL)
    is_led = address.scheme == "https" and address.port is None
    return f"http://{address.netloc}{path}" if is_led else f"{settings.OOB_URL}{path}"


def calendar_url() -> str:
    """The address of the calendar; empty as long as there is none."""
    token = calendar_token()
    return f"{settings.OOB_URL}{reverse('certs:expiries', args=[token])}" if token else ""


def about_root(authority: CertificateAuthority) -> dict[str, Any]:
    """What both pages for devices show."""
    codes = {form: qr_svg(root_url(form)) for form in ("crt", "mobileconfig")}
    return {"authority": authority, "codes": codes}


def qr_svg(text: str) -> SafeString:
    """A QR code as inline SVG; it holds nothing but squares."""
    code = qrcode.QRCode(border=2)
    code.add_data(text)
    stream = BytesIO()
    code.make_image(image_factory=qrcode.image.svg.SvgPathImage).save(stream)
    svg = stream.getvalue().decode()
    svg = re.sub(r' (?:width|height)="[^"]*mm"', "", svg)
    return mark_safe(svg[svg.index("<svg") :])  # noqa: S308 - made here, of figures alone
