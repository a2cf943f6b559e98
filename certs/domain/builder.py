"""Makes certificates: the practice's CA, leaves signed by it, self-signed ones. Everything comes back as bytes.

Leaves are what Chromium, Safari and curl accept: the names as SAN, no CA, for servers only, at most 398 days (Apple's
limit since September 2020; the 200 days of March 2026 bind public CAs, not one that somebody has installed). The form
is that of RFC 5280.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certs.domain.countries import is_country
from certs.domain.errors import (
    AuthorityExpiredError,
    AuthorityNotYetValidError,
    NameNotPermittedError,
    NamesMissingError,
    SubjectInvalidError,
)
from certs.domain.names import ServiceName

LEAF_DAYS = 398
AUTHORITY_DAYS = 3652
_EARLIER = dt.timedelta(hours=1)
_SECOND = dt.timedelta(seconds=1)
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class KeyKind(StrEnum):
    EC_P256 = "ec-p256"
    RSA_2048 = "rsa-2048"
    RSA_3072 = "rsa-3072"


@dataclass(frozen=True)
class Subject:
    """Who stands on a certificate; all may be empty. ``country``: two letters (ISO 3166-1), CH."""

    country: str = ""
    canton: str = ""
    place: str = ""
    organisation: str = ""
    unit: str = ""


@dataclass(frozen=True)
class LeafRequest:
    """A certificate for a service: its names, the first of which is its own, and who stands on it."""

    names: tuple[ServiceName, ...]
    subject: Subject = field(default_factory=Subject)
    key_kind: KeyKind = KeyKind.EC_P256
    days: int = LEAF_DAYS


@dataclass(frozen=True)
class Pair:
    """PEM bytes: a certificate, its private key (PKCS #8, not encrypted), and the chain between it and the root."""

    certificate: bytes
    key: bytes = field(repr=False)
    chain: tuple[bytes, ...] = ()

    @property
    def full_chain(self) -> bytes:
        """As a server sends it: the leaf first, the root left out."""
        return b"".join((self.certificate, *self.chain))


# Upper bounds of RFC 5280, appendix A.1.
_FIELDS = {
    "country": (NameOID.COUNTRY_NAME, 2),
    "canton": (NameOID.STATE_OR_PROVINCE_NAME, 128),
    "place": (NameOID.LOCALITY_NAME, 128),
    "organisation": (NameOID.ORGANIZATION_NAME, 64),
    "unit": (NameOID.ORGANIZATIONAL_UNIT_NAME, 64),
}
_MOST_COMMON_NAME = 64


def make_self_signed(request: LeafRequest, now: dt.datetime) -> Pair:
    """A certificate that nobody has signed. Raises ``NamesMissingError``, ``SubjectInvalidError``."""
    key = make_key(request.key_kind)
    name = _leaf_subject(request)
    builder = _leaf_builder(request, key, now).issuer_name(name)
    return _as_pair(_sign(builder, key, issuer_key=key), key)


def make_authority(subject: Subject, common_name: str, now: dt.datetime, permitted: Sequence[str] = ()) -> Pair:
    """The practice's own CA: one root that signs leaves only, for names below ``permitted`` when any are given.

    ``permitted``: host names, each of which stands for itself and all below it. Raises ``SubjectInvalidError``.
    """
    _check_part("common_name", common_name, _MOST_COMMON_NAME)
    key = make_key(KeyKind.EC_P256)
    name = x509.Name([*_subject_parts(subject), x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = (
        _builder(name, key, now - _EARLIER, AUTHORITY_DAYS)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
    )
    if permitted:
        builder = builder.add_extension(_constraints(permitted), critical=True)
    return _as_pair(_sign(builder, key, issuer_key=key), key)


def make_leaf(request: LeafRequest, authority: Pair, now: dt.datetime) -> Pair:
    """A certificate signed by the practice's CA, valid only while that is.

    Raises ``NamesMissingError``, ``SubjectInvalidError``, ``NameNotPermittedError``, ``AuthorityExpiredError``,
    ``AuthorityNotYetValidError``.
    """
    check_leaf(request, authority.certificate, now)
    issuer = x509.load_pem_x509_certificate(authority.certificate)
    issuer_key = serialization.load_pem_private_key(authority.key, None)
    assert isinstance(issuer_key, PrivateKey)  # noqa: S101 - we made it
    key = make_key(request.key_kind)
    builder = _leaf_builder(request, key, now, issuer).issuer_name(issuer.subject)
    return _as_pair(_sign(builder, key, issuer_key=issuer_key), key)


def check_leaf(request: LeafRequest, authority: bytes, now: dt.datetime) -> None:
    """Whether a CA (its certificate as PEM) could sign it. Raises as ``make_leaf``; no key is needed."""
    issuer = x509.load_pem_x509_certificate(authority)
    if issuer.not_valid_after_utc <= now:
        raise AuthorityExpiredError(issuer.not_valid_after_utc.date().isoformat())
    if now < issuer.not_valid_before_utc:
        raise AuthorityNotYetValidError(issuer.not_valid_before_utc.date().isoformat())
    _require_permitted(request.names, issuer)
    _leaf_subject(request)


def make_key(kind: KeyKind) -> PrivateKey:
    if kind is KeyKind.EC_P256:
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=int(kind.removeprefix("rsa-")))


def _leaf_builder(
    request: LeafRequest, key: PrivateKey, now: dt.datetime, issuer: x509.Certificate | None = None
) -> x509.CertificateBuilder:
    if not request.names:
        raise NamesMissingError
    name = _leaf_subject(request)
    start = max(now - _EARLIER, issuer.not_valid_before_utc) if issuer else now - _EARLIER
    latest = issuer.not_valid_after_utc if issuer else None
    alternatives = x509.SubjectAlternativeName([item.general_name for item in request.names])
    return (
        _builder(name, key, start, min(request.days, LEAF_DAYS), latest)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(alternatives, critical=not name.rdns)  # RFC 5280, 4.2.1.6: critical without a subject
    )


def _builder(
    name: x509.Name, key: PrivateKey, start: dt.datetime, days: int, latest: dt.datetime | None = None
) -> x509.CertificateBuilder:
    start = start.replace(microsecond=0)
    end = start + dt.timedelta(days=days) - _SECOND  # both ends count
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end if latest is None else min(end, latest))
    )


def _sign(builder: x509.CertificateBuilder, key: PrivateKey, *, issuer_key: PrivateKey) -> x509.Certificate:
    """With the key identifiers by which a chain is put together."""
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    issuers = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        builder.add_extension(own, critical=False)
        .add_extension(issuers, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _constraints(permitted: Sequence[str]) -> x509.NameConstraints:
    """A list of permitted host names says nothing of addresses: these are excluded by name."""
    everywhere = [x509.IPAddress(ipaddress.ip_network(net)) for net in ("0.0.0.0/0", "::/0")]
    return x509.NameConstraints([x509.DNSName(domain) for domain in permitted], everywhere)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _leaf_subject(request: LeafRequest) -> x509.Name:
    """The name stands in the subject too when it fits there: old software shows it."""
    parts = _subject_parts(request.subject)
    own = request.names[0].text if request.names else ""
    if own and len(own) <= _MOST_COMMON_NAME:
        parts.append(x509.NameAttribute(NameOID.COMMON_NAME, own))
    return x509.Name(parts)


def _subject_parts(subject: Subject) -> list[x509.NameAttribute[str]]:
    parts: list[x509.NameAttribute[str]] = []
    for name, (oid, most) in _FIELDS.items():
        value = str(getattr(subject, name)).strip()
        if value:
            _check_part(name, value, most)
            parts.append(x509.NameAttribute(oid, value.upper() if name == "country" else value))
    return parts


def _check_part(name: str, value: str, most: int) -> None:
    if name == "country" and not is_country(value):
        raise SubjectInvalidError(name, "country")
    if not value or len(value) > most:
        raise SubjectInvalidError(name, "length" if value else "empty")
    if not value.isprintable():
        raise SubjectInvalidError(name, "letters")


def _require_permitted(names: Sequence[ServiceName], issuer: x509.Certificate) -> None:
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return
    permitted = [name.value for name in constraints.permitted_subtrees or () if isinstance(name, x509.DNSName)]
    for name in names:
        if not _is_below(name, permitted):
            raise NameNotPermittedError(name.shown, permitted)


def _is_below(name: ServiceName, permitted: Sequence[str]) -> bool:
    host = name.text.removeprefix("*.")
    return name.address is None and any(host == domain or host.endswith(f".{domain}") for domain in permitted)


def _as_pair(certificate: x509.Certificate, key: PrivateKey) -> Pair:
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    return Pair(certificate.public_bytes(pem), key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
