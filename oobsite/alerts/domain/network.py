"""What the operating system says about a connection, as our errors."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from oobsite.alerts.domain.deadline import SECONDS
from oobsite.alerts.domain.errors import (
    CertificateRefusedError,
    HostUnknownError,
    ServerLostError,
    ServerRefusesError,
    ServerSilentError,
    TlsFailedError,
)

_EXPIRED, _NOT_YET = 10, 9  # X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_CERT_NOT_YET_VALID
_OTHER_NAME = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
_UNKNOWN_ISSUER = (18, 19, 20, 21)  # self-signed leaf, self-signed in chain, no issuer found, first not verified


@contextmanager
def named(host: str, port: int, seconds: float = SECONDS) -> Iterator[None]:
    """Turn errors of the connection to ``host`` into ours."""
    try:
        host.encode("idna")  # as the socket does it, which would raise another error by the version of Python
    except UnicodeError as error:
        raise HostUnknownError(host) from error
    try:
        yield
    except OSError as error:
        raise _translate(error, host, port, seconds) from error


def _translate(error: OSError, host: str, port: int, seconds: float) -> Exception:
    if isinstance(error, ssl.SSLCertVerificationError):
        return CertificateRefusedError(host, _certificate_reason(error.verify_code))
    if isinstance(error, ssl.SSLError):
        return TlsFailedError(f"{host}:{port}")
    if isinstance(error, socket.gaierror):
        return HostUnknownError(host)
    if isinstance(error, ConnectionRefusedError):
        return ServerRefusesError(f"{host}:{port}")
    if isinstance(error, TimeoutError):
        return ServerSilentError(host, round(seconds))
    return ServerLostError(host)


def _certificate_reason(code: int) -> str:
    if code in (_EXPIRED, _NOT_YET):
        return "expired"
    if code in _OTHER_NAME:
        return "other-name"
    return "unknown-issuer" if code in _UNKNOWN_ISSUER else "invalid"
