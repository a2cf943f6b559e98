"""Asks a service on the wire which certificate it serves."""

from __future__ import annotations

import contextlib
import datetime as dt
import selectors
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509

from certs.domain.facts import UNREADABLE, CertificateFacts, names_of, read_facts
from certs.domain.names import ServiceName

_SECONDS = 10.0
_TIMED_OUT = "timed out"


class Verdict(StrEnum):
    """What a browser that asks for the service gets."""

    SERVED = "served"
    ANOTHER = "another"
    WRONG_NAME = "wrong-name"
    EXPIRED = "expired"
    NO_TLS = "no-tls"
    UNREACHABLE = "unreachable"
    UNKNOWN_HOST = "unknown-host"


@dataclass(frozen=True)
class Question:
    """``host`` is where to connect, ``name`` what to ask for (SNI); ``authority``: PEM of the practice's root;
    ``seconds``: how long all of it may take, once the host is found.
    """

    host: str
    port: int
    name: ServiceName
    authority: bytes | None = None
    seconds: float = _SECONDS


@dataclass(frozen=True)
class Answer:
    """``chain`` is what came, the leaf first; ``is_trusted``: by our CA, ``is_public``: by the system's store."""

    verdict: Verdict
    chain: tuple[CertificateFacts, ...] = ()
    is_trusted: bool = False
    is_public: bool = False
    detail: str = ""

    @property
    def served(self) -> CertificateFacts | None:
        """The leaf that came."""
        return self.chain[0] if self.chain else None


def probe(question: Question, expected: str, now: dt.datetime) -> Answer:
    """Connect and compare with the ``expected`` fingerprint (SHA-256, hex). Never raises for what a network does."""
    until = time.monotonic() + question.seconds
    try:
        chain = [x509.load_der_x509_certificate(der) for der in _fetch(question, until)]
        facts = tuple(read_facts(certificate) for certificate in chain)
    except (socket.gaierror, UnicodeError) as error:  # a host that cannot be one is not even looked for
        return Answer(Verdict.UNKNOWN_HOST, detail=_words(error))
    except ssl.SSLError as error:
        return Answer(Verdict.NO_TLS, detail=error.reason or str(error))
    except (OSError, OverflowError) as error:
        return Answer(Verdict.UNREACHABLE, detail=_words(error))
    except UNREADABLE as error:  # no certificate of ours is one that nobody can read
        return Answer(Verdict.ANOTHER, detail=_words(error))
    authority = question.authority.decode() if question.authority else None
    return Answer(
        _judge(chain[0], facts[0], question.name, expected=expected, now=now),
        facts,
        is_trusted=authority is not None and _is_accepted(question, authority, until),
        is_public=_is_accepted(question, None, until),
    )


def _words(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _judge(
    certificate: x509.Certificate, facts: CertificateFacts, name: ServiceName, *, expected: str, now: dt.datetime
) -> Verdict:
    if facts.ends_at <= now:
        return Verdict.EXPIRED
    if not any(item.covers(name) for item in names_of(certificate)):
        return Verdict.WRONG_NAME
    return Verdict.SERVED if facts.fingerprint == expected else Verdict.ANOTHER


def _fetch(question: Question, until: float) -> list[bytes]:
    """The chain in DER, whatever it is: judging it is the question here."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with _connected(question, context, until) as tls:
        return _chain_of(tls)


def _chain_of(tls: ssl.SSLSocket) -> list[bytes]:
    """Public since Python 3.13, there all along."""
    if sys.version_info >= (3, 13):
        return tls.get_unverified_chain()
    chain = tls._sslobj.get_unverified_chain()  # type: ignore[attr-defined]
    return [ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in chain]


def _is_accepted(question: Question, authority: str | None, until: float) -> bool:
    """Whether a client that trusts the CA (else the system's store) takes chain and name."""
    context = ssl.create_default_context(cadata=authority)
    try:
        with _connected(question, context, until):
            return True
    except OSError:
        return False


@contextlib.contextmanager
def _connected(question: Question, context: ssl.SSLContext, until: float) -> Iterator[ssl.SSLSocket]:
    with (
        _connect(question, until) as plain,
        context.wrap_socket(plain, server_hostname=_asked(question.name), do_handshake_on_connect=False) as tls,
    ):
        _shake_hands(tls, until)
        yield tls


def _connect(question: Question, until: float) -> socket.socket:
    """A host may have many addresses, each of which is silent. Raises ``OSError`` of the last one."""
    found = socket.getaddrinfo(question.host, question.port, type=socket.SOCK_STREAM)
    failure: OSError = TimeoutError(_TIMED_OUT)
    for family, kind, protocol, _name, address in found:
        plain = socket.socket(family, kind, protocol)
        try:
            plain.settimeout(_left(until))
            plain.connect(address)
        except OSError as error:
            plain.close()
            failure = error
        else:
            return plain
    raise failure


def _shake_hands(tls: ssl.SSLSocket, until: float) -> None:
    """A time limit of the socket begins anew with every byte: whoever drips them would hold us for ever."""
    tls.settimeout(0)
    while True:
        try:
            return tls.do_handshake()
        except ssl.SSLWantReadError:
            _wait(tls, selectors.EVENT_READ, until)
        except ssl.SSLWantWriteError:
            _wait(tls, selectors.EVENT_WRITE, until)


def _wait(tls: ssl.SSLSocket, event: int, until: float) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(tls, event)
        selector.select(_left(until))


def _left(until: float) -> float:
    """Seconds that are left. Raises ``TimeoutError``."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError(_TIMED_OUT)
    return left


def _asked(name: ServiceName) -> str:
    """For a wildcard, one of the names for which it stands."""
    return f"probe.{name.text.removeprefix('*.')}" if name.is_wildcard else name.text
