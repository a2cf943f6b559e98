"""The practice's CA: made once, signs the leaves, and its root is told to every device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta

from cryptography import x509
from django.db import transaction
from django.utils import timezone

from certs.domain import builder
from certs.domain.builder import Pair, Subject
from certs.domain.errors import AuthorityExistsError, AuthorityMissingError, AuthorityNameTakenError
from certs.domain.facts import read_facts
from certs.domain.names import parse_name
from certs.models import CertificateAuthority
from oobsite.accounts.actors import Actor
from oobsite.audit.services import record

#: Another CA may be made when the present one has so little time left.
_RENEW_BEFORE = timedelta(days=366)


@dataclass(frozen=True)
class AuthorityOrder:
    """``permitted``: host names below which it may sign; none for all."""

    common_name: str
    subject: Subject = field(default_factory=Subject)
    permitted: Sequence[str] = ()
    is_replacing: bool = False


def make_authority(actor: Actor, order: AuthorityOrder) -> CertificateAuthority:
    """Raises ``NotAllowedError``, ``AuthorityExistsError``, ``AuthorityNameTakenError``, ``SubjectInvalidError``,
    ``NameInvalidError``.
    """
    actor.require("certs.add_certificateauthority")
    now = timezone.now()
    permitted = [parse_name(name).text for name in order.permitted]
    pair = builder.make_authority(order.subject, order.common_name, now, permitted)
    facts = read_facts(x509.load_pem_x509_certificate(pair.certificate))
    with transaction.atomic():
        _make_room(order)
        authority = CertificateAuthority.objects.create(
            common_name=order.common_name,
            subject=asdict(order.subject),
            permitted=permitted,
            certificate=pair.certificate.decode(),
            key=pair.key.decode(),
            fingerprint=facts.fingerprint,
            begins_at=facts.begins_at,
            ends_at=facts.ends_at,
            made_by=actor.name,
            made_at=now,
            in_use=CertificateAuthority.ACTIVE,
        )
        record(actor, "authority.made", authority, {"names": permitted, "fingerprint": facts.fingerprint})
    return authority


def _make_room(order: AuthorityOrder) -> None:
    """The one in use steps back, when that is wanted or when it ends soon."""
    if is_name_taken(order.common_name):
        raise AuthorityNameTakenError(order.common_name)
    present = CertificateAuthority.active()
    if present is None:
        return
    if not order.is_replacing and present.ends_at - timezone.now() > _RENEW_BEFORE:
        raise AuthorityExistsError(present.common_name, timezone.localdate(present.ends_at).isoformat())
    CertificateAuthority.objects.filter(pk=present.pk).update(in_use=None)


def is_name_taken(name: str) -> bool:
    """Whether a CA of this practice has the name already, or had it."""
    names = CertificateAuthority.objects.values_list("common_name", flat=True)
    return name.strip().casefold() in {taken.strip().casefold() for taken in names}


def find_authority() -> CertificateAuthority:
    """The CA in use. Raises ``AuthorityMissingError``."""
    authority = CertificateAuthority.active()
    if authority is None:
        raise AuthorityMissingError
    return authority


def open_authority() -> Pair:
    """The CA in use with its key. Raises ``AuthorityMissingError``, ``SecretUnreadableError``."""
    authority = find_authority()
    return Pair(authority.certificate.encode(), authority.key.reveal().encode())
