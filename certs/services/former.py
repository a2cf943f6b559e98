"""Certificates in use that a former CA of the practice has signed: a device that knows the present one alone warns."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509

from certs.domain.facts import has_signed
from certs.models import Certificate, CertificateAuthority


@dataclass(frozen=True)
class FormerAuthority:
    """A CA that was replaced, and the services whose certificates in use it has signed."""

    authority: CertificateAuthority
    certificates: list[Certificate]


def list_former() -> list[Certificate]:
    """The certificates that are to be renewed, so that all devices need the present CA alone."""
    present = CertificateAuthority.active()
    ours = Certificate.objects.filter(way=Certificate.Way.AUTHORITY).select_related("current")
    return [certificate for certificate in ours if is_former(certificate, present)]


def is_former(certificate: Certificate, present: CertificateAuthority | None) -> bool:
    """Whether a CA of ours has signed the pair in use, and not the ``present`` one."""
    is_signed = certificate.way == Certificate.Way.AUTHORITY and certificate.current is not None
    return is_signed and present is not None and not _is_signed_by(present, certificate)


def former_authorities() -> list[FormerAuthority]:
    """Those that devices still need, the newest first."""
    former = list_former()
    found = [
        FormerAuthority(authority, [one for one in former if _is_signed_by(authority, one)])
        for authority in (CertificateAuthority.objects.filter(in_use=None) if former else ())
    ]
    return [one for one in found if one.certificates]


def _is_signed_by(authority: CertificateAuthority, certificate: Certificate) -> bool:
    chain = certificate.current.chain if certificate.current else ""
    leaf = x509.load_pem_x509_certificate(chain.encode())
    return has_signed(x509.load_pem_x509_certificate(authority.certificate.encode()), leaf)
