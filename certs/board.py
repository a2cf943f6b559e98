"""Certificates on the first screen, as facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from certs.facts import Shown, former_state, served_state, validity
from certs.models import Certificate, CertificateAuthority
from certs.services import is_former
from certs.services.watching import find_weakness

_SHOWN = 5


@dataclass(frozen=True)
class Line:
    """One service; ``weakness``: what browsers do not accept, such as "RSA 1024"; ``former``: a former CA signed it."""

    certificate: Certificate
    validity: Shown | None
    served: Shown
    weakness: str
    former: Shown | None


@dataclass(frozen=True)
class CertificateBoard:
    """Those that end first; ``more``: how many others there are."""

    lines: Sequence[Line]
    more: int


def certificate_board(now: datetime) -> CertificateBoard:
    rows = Certificate.objects.select_related("current").order_by("current__ends_at", "name")
    present = CertificateAuthority.active()
    lines = [_describe(certificate, present, now) for certificate in rows[:_SHOWN]]
    return CertificateBoard(lines, max(0, rows.count() - len(lines)))


def _describe(certificate: Certificate, present: CertificateAuthority | None, now: datetime) -> Line:
    current = certificate.current
    ends = validity(current.ends_at, now) if current else None
    weakness = find_weakness(current.chain) if current else ""
    former = former_state() if is_former(certificate, present) else None
    return Line(certificate, ends, served_state(certificate), weakness, former)
