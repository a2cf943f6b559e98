"""The practice's root as Apple's devices take it: a configuration profile (.mobileconfig)."""

from __future__ import annotations

import plistlib
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from certs.domain.facts import fingerprint

_VERSION = 1


def to_der(certificate: bytes) -> bytes:
    """PEM to DER."""
    return x509.load_pem_x509_certificate(certificate).public_bytes(serialization.Encoding.DER)


def make_profile(root: bytes, title: str, description: str) -> bytes:
    """A profile that installs ``root`` (PEM). The same root gives the same profile, so it replaces itself.

    https://developer.apple.com/documentation/devicemanagement/certificateroot
    """
    mark = fingerprint(x509.load_pem_x509_certificate(root))
    payload = {
        "PayloadType": "com.apple.security.root",
        "PayloadContent": to_der(root),
        "PayloadCertificateFileName": "root.crt",
        "PayloadDisplayName": title,
        **_identity(f"{mark}.root"),
    }
    return plistlib.dumps(
        {
            "PayloadType": "Configuration",
            "PayloadContent": [payload],
            "PayloadDisplayName": title,
            "PayloadDescription": description,
            "PayloadRemovalDisallowed": False,
            **_identity(mark),
        }
    )


def _identity(mark: str) -> dict[str, object]:
    return {
        "PayloadIdentifier": f"oobsite.{mark}",
        "PayloadUUID": str(uuid.uuid5(uuid.NAMESPACE_OID, mark)).upper(),
        "PayloadVersion": _VERSION,
    }
