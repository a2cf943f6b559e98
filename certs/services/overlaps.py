"""Names that stand on the certificates of two services: of two that fit alike, a proxy serves the one or the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from certs.domain.names import ServiceName
from certs.models import Certificate
from oobsite.errors import Notice


def tell_overlaps(names: Sequence[ServiceName]) -> Iterator[Notice]:
    """Which of ``names`` the certificates in use of other services are good for; the first one is the service."""
    for other in Certificate.objects.filter(current__isnull=False).exclude(name=names[0].text):
        shared = [name.shown for name in names if name in other.names]
        starred = [name.shown for name in names if name not in other.names and _covers(other, name)]
        if shared:
            yield Notice("pair-names-shared", {"names": shared, "other": other.service.shown})
        if starred:
            yield Notice("pair-names-starred", {"names": starred, "other": other.service.shown})


def _covers(certificate: Certificate, name: ServiceName) -> bool:
    return any(one.covers(name) for one in certificate.names)
