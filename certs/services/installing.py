"""A pair that somebody brings along: checked in full before anything is kept of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cryptography import x509
from django.db import transaction
from django.utils import timezone

from certs.domain.builder import Pair
from certs.domain.facts import names_of
from certs.domain.names import ServiceName
from certs.domain.pair import Checked, check_pair, find_name
from certs.domain.reading import Upload
from certs.models import Certificate, CertificateGeneration
from certs.services.generations import NewPair, add_generation, find_certificate, hand_over
from certs.services.overlaps import tell_overlaps
from oobsite.accounts.actors import Actor
from oobsite.audit.chain import JSON
from oobsite.audit.services import record
from oobsite.errors import Notice


@dataclass(frozen=True)
class Delivery:
    """Files and the passphrase that opens them; ``name`` None: the first one that stands on the certificate."""

    uploads: Sequence[Upload]
    name: ServiceName | None = None
    passphrase: str = field(default="", repr=False)


@dataclass(frozen=True)
class Examined:
    """A pair that may be installed: its names, that of the service first, and all that is to be said of it."""

    pair: Pair
    names: Sequence[ServiceName]
    notices: Sequence[Notice]


def examine_pair(actor: Actor, delivery: Delivery) -> Examined:
    """What would be installed; nothing is kept. Raises as ``install_pair``."""
    actor.require("certs.add_certificate")
    name = delivery.name or find_name(delivery.uploads, delivery.passphrase)
    checked = check_pair(delivery.uploads, name, timezone.now(), delivery.passphrase)
    names = _names_of(checked, name)
    return Examined(checked.pair, names, [*checked.notices, *_tell_names_lost(names), *tell_overlaps(names)])


def install_pair(actor: Actor, delivery: Delivery) -> CertificateGeneration:
    """Keep a pair for the worker to install. Raises ``NotAllowedError`` and as ``check_pair``: nothing is kept."""
    found = examine_pair(actor, delivery)
    order = {"other_names": [one.text for one in found.names[1:]], "way": Certificate.Way.INSTALLED}
    with transaction.atomic():
        certificate = find_certificate(found.names[0], order)
        generation = add_generation(certificate, NewPair(found.pair, actor.name, order, found.notices))
        details: dict[str, JSON] = {"names": [one.shown for one in found.names], "generation": generation.number}
        record(actor, "certificate.installed", certificate, details)
        hand_over(generation)
    return generation


def _tell_names_lost(names: Sequence[ServiceName]) -> Iterable[Notice]:
    """That the pair in use was good for more."""
    certificate = Certificate.objects.filter(name=names[0].text, current__isnull=False).first()
    lost = lost_names(certificate, names) if certificate else []
    if lost:
        yield Notice("pair-names-lost", {"names": lost})


def lost_names(certificate: Certificate, names: Sequence[ServiceName]) -> list[str]:
    """Names of the service, as people write them, for which a pair with ``names`` is not good."""
    return [name.shown for name in certificate.names if not any(one.covers(name) for one in names)]


def _names_of(checked: Checked, name: ServiceName) -> list[ServiceName]:
    """The name of the service first."""
    leaf = x509.load_pem_x509_certificate(checked.pair.certificate)
    return [name, *(other for other in names_of(leaf) if other != name)]
