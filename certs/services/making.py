"""Certificates that we make ourselves: ordered on a screen or by a command, and renewed before they end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from certs.domain.builder import KeyKind, LeafRequest, Pair, Subject, check_leaf, make_leaf, make_self_signed
from certs.domain.errors import CertificateExistsError, CertificateNotOursError, NamesMissingError
from certs.domain.names import ServiceName, parse_names
from certs.models import RENEW_BEFORE, Certificate, CertificateAuthority, CertificateGeneration
from certs.services.authority import find_authority, open_authority
from certs.services.former import list_former
from certs.services.generations import NewPair, add_generation, find_certificate, hand_over
from certs.services.overlaps import tell_overlaps
from oobsite.accounts.actors import Actor
from oobsite.audit.services import record
from oobsite.errors import OobError

State = CertificateGeneration.State
Way = Certificate.Way
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class CertificateOrder:
    """What somebody wants made; the first of ``names`` is the service."""

    names: tuple[ServiceName, ...]
    subject: Subject = field(default_factory=Subject)
    key_kind: KeyKind = KeyKind.EC_P256
    way: Way = Way.AUTHORITY
    #: Whether the pair may take the place of one in use, whose names it may lack.
    is_replacing: bool = False

    def to_request(self) -> LeafRequest:
        return LeafRequest(self.names, self.subject, self.key_kind)

    def to_fields(self) -> dict[str, Any]:
        """The columns of ``Certificate`` in which it is remembered, once its pair is in use."""
        others = [name.text for name in self.names[1:]]
        return {**asdict(self.subject), "other_names": others, "key_kind": self.key_kind, "way": self.way}


def make_order(names: Iterable[str], way: Way = Way.AUTHORITY, key_kind: str = KeyKind.EC_P256) -> CertificateOrder:
    """An order with nothing but names. Raises ``NameInvalidError``."""
    return CertificateOrder(parse_names(names), way=way, key_kind=KeyKind(key_kind))


def propose_subject(service: ServiceName | None = None) -> Subject:
    """Who stands on the certificate that we have made for ``service``, else the practice."""
    made = Certificate.objects.exclude(way=Way.INSTALLED).filter(name=service.text).first() if service else None
    return made.subject if made else Subject(country="CH", organisation=settings.OOB_PRACTICE_NAME[:64])


def make_certificate(actor: Actor, order: CertificateOrder) -> CertificateGeneration:
    """Make a pair for a service, the first one, or another when that is wanted; the worker installs it.

    Raises ``NotAllowedError``, ``CertificateExistsError``, ``AuthorityMissingError`` and as ``builder.make_leaf``:
    nothing was changed.
    """
    actor.require("certs.add_certificate")
    if not order.is_replacing and find_in_use(order.names):
        raise CertificateExistsError(order.names[0].shown)
    pair = _build(order)
    with transaction.atomic():
        return _add(actor, find_certificate(order.names[0], order.to_fields()), _Made(order, pair, "certificate.made"))


def find_in_use(names: Sequence[ServiceName]) -> Certificate | None:
    """The service of the first name, when it has a certificate in use. Raises ``NamesMissingError``."""
    if not names:
        raise NamesMissingError
    return Certificate.objects.filter(name=names[0].text, current__isnull=False).first()


def renew_certificate(actor: Actor, certificate: Certificate) -> CertificateGeneration:
    """Another pair with the same names. Raises ``CertificateNotOursError`` and as ``make_certificate``."""
    actor.require("certs.change_certificate")
    if not certificate.is_ours:
        raise CertificateNotOursError(certificate.service.shown)
    order = _order_again(certificate)
    pair = _build(order)
    with transaction.atomic():
        return _add(actor, certificate, _Made(order, pair, "certificate.renewed"))


def _order_again(certificate: Certificate) -> CertificateOrder:
    kind, way = KeyKind(certificate.key_kind), Way(certificate.way)
    return CertificateOrder(certificate.names, certificate.subject, kind, way)


def find_hindrance(certificate: Certificate, now: datetime) -> OobError | None:
    """Why the practice's CA cannot renew it; None when it can."""
    try:
        check_leaf(_order_again(certificate).to_request(), find_authority().certificate.encode(), now)
    except OobError as error:
        return error
    return None


def _build(order: CertificateOrder) -> Pair:
    request = order.to_request()
    if order.way == Way.SELF_SIGNED:
        return make_self_signed(request, timezone.now())
    return make_leaf(request, open_authority(), timezone.now())


@dataclass(frozen=True)
class _Made:
    """``act``: as it stands on record."""

    order: CertificateOrder
    pair: Pair
    act: str


def _add(actor: Actor, certificate: Certificate, made: _Made) -> CertificateGeneration:
    order = made.order
    notices = list(tell_overlaps(order.names))
    generation = add_generation(certificate, NewPair(made.pair, actor.name, order.to_fields(), notices))
    names = [name.shown for name in order.names]
    record(actor, made.act, certificate, {"names": names, "way": order.way, "generation": generation.number})
    hand_over(generation)
    return generation


@dataclass
class Renewal:
    """What became of several certificates; errors by the name of the service."""

    made: list[CertificateGeneration] = field(default_factory=list)
    errors: dict[str, OobError] = field(default_factory=dict)


def renew_due(actor: Actor, now: datetime) -> Renewal:
    """Renew what the practice's CA has signed and what ends soon."""
    return renew_all(actor, list_due(now))


def renew_former(actor: Actor) -> Renewal:
    """Let the present CA sign all that a former one has signed."""
    return renew_all(actor, list_former_due())


def list_former_due() -> list[Certificate]:
    """What a former CA has signed, and for which nothing is under way."""
    return [one for one in list_former() if not one.generations.filter(state=State.PENDING).exists()]


def renew_all(actor: Actor, certificates: Iterable[Certificate]) -> Renewal:
    """Renew these. One that fails does not stop the others."""
    renewal = Renewal()
    for certificate in certificates:
        try:
            renewal.made.append(renew_certificate(actor, certificate))
        except OobError as error:
            renewal.errors[certificate.service.shown] = error
    return renewal


def list_due(now: datetime) -> list[Certificate]:
    """Leaves of the CA that end within 30 days and would get longer, and for which none is under way.

    Who changes trust by hand, as with a self-signed one, must do that himself.
    """
    due = Certificate.objects.filter(way=Way.AUTHORITY, current__ends_at__lt=now + RENEW_BEFORE)
    due = due.exclude(generations__state=State.PENDING).select_related("current")
    authority = CertificateAuthority.active()
    if authority is None:
        return list(due)
    return [one for one in due if one.current and one.current.ends_at < authority.ends_at - _DAY]
