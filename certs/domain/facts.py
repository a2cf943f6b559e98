"""What stands in a certificate, as people read it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import NameOID

from certs.domain.names import ServiceName

#: What the library raises for a part of a certificate that is not there, damaged, or of a kind that it does not know.
UNREADABLE = (
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    x509.InvalidVersion,
    UnsupportedAlgorithm,
    ValueError,
    TypeError,
)


@dataclass(frozen=True)
class CertificateFacts:
    """Times in UTC; ``subject_parts``: all of it, from the name to the country; ``serial``: hex;
    ``fingerprint``: SHA-256 of the DER form, hex; ``key``: "EC 256" or "RSA 2048".
    """

    subject: str
    subject_parts: tuple[str, ...]
    issuer: str
    names: tuple[str, ...]
    begins_at: dt.datetime
    ends_at: dt.datetime
    serial: str
    fingerprint: str
    key: str
    signature: str
    is_authority: bool
    is_self_signed: bool


def read_facts(certificate: x509.Certificate) -> CertificateFacts:
    algorithm = certificate.signature_hash_algorithm
    return CertificateFacts(
        subject=describe_name(certificate.subject),
        subject_parts=tuple(str(part.value) for part in reversed(list(certificate.subject))),
        issuer=describe_name(certificate.issuer),
        names=tuple(name.text for name in names_of(certificate)),
        begins_at=certificate.not_valid_before_utc,
        ends_at=certificate.not_valid_after_utc,
        serial=f"{certificate.serial_number:x}",
        fingerprint=fingerprint(certificate),
        key=_describe_key(certificate),
        signature=algorithm.name.upper() if algorithm else "",
        is_authority=is_authority(certificate),
        is_self_signed=is_self_signed(certificate),
    )


def fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()


def describe_name(name: x509.Name) -> str:
    """The part by which people know it: common name, else organisation, else all of it."""
    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for part in name.get_attributes_for_oid(oid):
            return str(part.value)
    return name.rfc4514_string()


def names_of(certificate: x509.Certificate) -> tuple[ServiceName, ...]:
    """The alternative names; browsers look at nothing else."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except UNREADABLE:
        return ()
    hosts = [value.lower() for value in found.get_values_for_type(x509.DNSName)]
    addresses = [str(value) for value in found.get_values_for_type(x509.IPAddress)]
    return tuple(ServiceName(text) for text in (*hosts, *addresses))


def belongs_to(key: PrivateKeyTypes, certificate: x509.Certificate) -> bool:
    """Whether the certificate was made for this key."""
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return key.public_key().public_bytes(*form) == certificate.public_key().public_bytes(*form)


def is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except UNREADABLE:
        return False


def is_self_signed(certificate: x509.Certificate) -> bool:
    """Whether it has signed itself; the name alone does not tell."""
    return certificate.subject == certificate.issuer and has_signed(certificate, certificate)


def has_signed(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Whether ``certificate`` names ``issuer`` and bears its signature."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _describe_key(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.key_size}"
    return type(key).__name__.removesuffix("PublicKey")
