"""What is wrong with certificates, for the watchdog, and what happens to them once a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from cryptography import x509
from django.db import transaction
from django.db.models import Q
from django_q.tasks import async_task

from backups.domain.watch import Finding
from backups.models import Heartbeat
from certs.domain.errors import KeyWeakError, SignatureWeakError
from certs.domain.expiry import FIRST, FIRST_OF_AUTHORITY, FIRST_WHERE_RENEWED, Ending, judge_end
from certs.domain.pair import check_strength
from certs.domain.probe import Verdict
from certs.models import Certificate, CertificateAuthority, CertificateGeneration
from certs.services.making import find_hindrance
from oobsite.errors import Params

END, WEAK, NOT_SERVED, AUTHORITY_END = "certificate-end", "certificate-weak", "certificate-served", "authority-end"
#: Kinds of alerts that are raised and cleared by what is found here.
KINDS = (END, WEAK, NOT_SERVED, AUTHORITY_END)
DAILY = "certificates"
_DAY = timedelta(days=1)
#: The proxy answers, and not with what it should. One that cannot be reached from the worker may serve others well.
WRONG = (Verdict.ANOTHER, Verdict.WRONG_NAME, Verdict.EXPIRED, Verdict.NO_TLS)
WAYS = {
    Certificate.Way.AUTHORITY: "certificate-ends-renewed",
    Certificate.Way.SELF_SIGNED: "certificate-ends-self-signed",
    Certificate.Way.INSTALLED: "certificate-ends-installed",
}


def take_day(now: datetime) -> bool:
    """Queue the daily look when a day has passed since the last one; whether it was. Called by every tick."""
    Heartbeat.objects.get_or_create(name=DAILY, defaults={"at": now - _DAY})
    is_recent = Q(at__gt=now - _DAY, at__lte=now)  # a clock that was ahead must not silence it
    with transaction.atomic():
        is_mine = Heartbeat.objects.filter(~is_recent, name=DAILY).update(at=now) == 1
        if is_mine:
            async_task("certs.jobs.look_daily", cluster="quick")
    return is_mine


def find_certificates(now: datetime) -> list[Finding]:
    """All that is wrong with the certificates in use and with the practice's CA."""
    found = list(_judge_authority(now))
    for certificate in Certificate.objects.select_related("current"):
        if certificate.current is not None:
            found += _judge(certificate, certificate.current, now)
    return found


def _judge_authority(now: datetime) -> Iterator[Finding]:
    authority = CertificateAuthority.active()
    if authority is None:
        return
    ending = judge_end(authority.ends_at, now, FIRST_OF_AUTHORITY)
    if ending is not None:
        code = "authority-ended" if ending.is_over else "authority-ends"
        yield _end(AUTHORITY_END, code, ending, {"name": authority.common_name})


def _judge(certificate: Certificate, current: CertificateGeneration, now: datetime) -> Iterator[Finding]:
    name = certificate.service.shown
    is_renewed = certificate.way == Certificate.Way.AUTHORITY
    ending = judge_end(current.ends_at, now, FIRST_WHERE_RENEWED if is_renewed else FIRST)
    if ending is not None:
        code = "certificate-ended" if ending.is_over else WAYS[Certificate.Way(certificate.way)]
        hindrance = find_hindrance(certificate, now) if is_renewed else None
        causes: Params = {"causes": [hindrance.code]} if hindrance else {}
        yield _end(END, code, ending, {"name": name, **causes})
    if weakness := find_weakness(current.chain):
        yield _warn(WEAK, name, "certificate-weak", {"weakness": weakness})
    if certificate.served in WRONG:
        yield _warn(NOT_SERVED, name, f"certificate-served-{certificate.served}", {})


def find_weakness(chain: str) -> str:
    """What browsers do not accept any more, such as "RSA 1024" or "SHA1"; empty when all is well.

    The root is not looked at: a device knows it, or does not.
    """
    for certificate in x509.load_pem_x509_certificates(chain.encode()):
        try:
            check_strength(certificate)
        except KeyWeakError as error:
            return f"{error.kind} {error.bits}" if error.bits else error.kind
        except SignatureWeakError as error:
            return error.algorithm
    return ""


def _end(kind: str, code: str, ending: Ending, params: Params) -> Finding:
    """``params``: the ``name`` of what ends, and what else is to be said of it."""
    params = {**params, "ends_at": ending.ends_at.isoformat()}
    if ending.reminders is not None:
        params = {**params, "reminders": [moment.isoformat() for moment in ending.reminders]}
    return Finding(kind, str(params["name"]), code, "error" if ending.is_urgent else "warning", params)


def _warn(kind: str, name: str, code: str, params: Params) -> Finding:
    """Told once: it does no harm that grows from day to day."""
    return Finding(kind, name, code, "warning", {"name": name, "reminders": [], **params})
