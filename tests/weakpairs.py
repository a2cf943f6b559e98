"""Certificates as only old installations can still have them."""

from __future__ import annotations

import datetime as dt

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from certs.domain.builder import Pair


def weak_pair() -> Pair:
    """One with a key that is far too short."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - that is the point
    name, now = x509.Name([]), dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + dt.timedelta(days=90))
    pem = serialization.Encoding.PEM
    return Pair(builder.sign(key, hashes.SHA256()).public_bytes(pem), b"")
