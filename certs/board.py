"""Certificates on the first screen, as facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from certs.facts import Shown, served_state, validity
from certs.models import Certificate
from certs.services.watching import find_weakness

_SHOWN = 5


@dataclass(frozen=True)
class Line:
    """One service; ``weakness``: what browsers do not accept, such as "RSA 1024"."""

    certificate: Certificate
    validity: Shown | None
    served: Shown
    weakness: str


@dataclass(frozen=True)
class CertificateBoard:
    """Those that end first; ``more``: how many others there are."""

    lines: Sequence[Line]
    more: int


def certificate_board(now: datetime) -> CertificateBoard:
    rows = Certificate.objects.select_related("current").order_by("current__ends_at", "name")
    lines = [_describe(certificate, now) for certificate in rows[:_SHOWN]]
    return CertificateBoard(lines, max(0, rows.count() - len(lines)))


def _describe(certificate: Certificate, now: datetime) -> Line:
    current = certificate.current
    ends = validity(current.ends_at, now) if current else None
    return Line(certificate, ends, served_state(certificate), find_weakness(current.chain) if current else "")
