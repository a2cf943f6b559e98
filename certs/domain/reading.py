"""What lies in files that somebody brings along: certificates and keys, whatever form they have.

Taken are PEM (RFC 7468), DER, PKCS #7 and PKCS #12, in any order and mixture. What a server does not need is left out
and named; whether what could not be read is missed, is for ``pair`` to say.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12

from certs.domain.builder import PrivateKey
from certs.domain.errors import (
    CertificateFileTooLargeError,
    KeyKindRefusedError,
    KeyLockUnknownError,
    KeyPassphraseNeededError,
    KeyPassphraseWrongError,
    NoCertificateError,
    NoKeyError,
    TooManyCertificatesError,
    UploadEmptyError,
)
from certs.domain.facts import UNREADABLE, read_facts
from oobsite.errors import OobError

MOST_BYTES = 1 << 20
MOST_CERTIFICATES = 20
_BLOCK = re.compile(
    rb"-----BEGIN (?P<label>[A-Z0-9][A-Z0-9 ]*)-----(?P<body>.*?)(?P<end>-----END (?P=label)-----|(?=-----BEGIN )|\Z)",
    re.S,
)
_CERTIFICATE_LABELS = (b"CERTIFICATE", b"X509 CERTIFICATE")
#: Stands before every key on a curve that openssl has made.
_USUAL_LABELS = (b"EC PARAMETERS",)
_SHORT_FORM = 128
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")  # 1.2.840.113549.1.7.2, RFC 5652
_DATA = bytes.fromhex("06092a864886f70d010701")  # 1.2.840.113549.1.7.1
#: Stands before every key in PKCS #12, open (1) or locked (2): 1.2.840.113549.1.12.10.1 (RFC 7292, 4.2), then [0].
_KEY_BAG = re.compile(re.escape(bytes.fromhex("060b2a864886f70d010c0a01")) + rb"[\x01\x02]\xa0", re.S)


@dataclass(frozen=True)
class Upload:
    """A file as it came: its name is shown in sentences and trusted for nothing."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Problem:
    """Why something in the file ``name`` cannot be used, and whether it is a key."""

    name: str
    error: OobError
    is_key: bool = False


@dataclass(frozen=True)
class Found:
    """``foreign``: labels of PEM blocks of other kinds."""

    certificates: list[x509.Certificate] = field(default_factory=list)
    keys: list[PrivateKey] = field(default_factory=list, repr=False)
    problems: list[Problem] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def raise_problem(self, *, with_keys: bool, with_certificates: bool = True) -> None:
        """Something is missing, and what could not be read may be it: certificates first."""
        for problem in sorted(self.problems, key=lambda problem: problem.is_key):
            if with_keys if problem.is_key else with_certificates:
                raise problem.error


def read_uploads(uploads: Sequence[Upload], passphrase: str = "") -> Found:
    """All that is in the files, each certificate once.

    Raises ``UploadEmptyError``, ``CertificateFileTooLargeError``, ``NoCertificateError``, ``TooManyCertificatesError``,
    and when there is no key at all what has come of the one that should be there.
    """
    for upload in uploads:
        _require_plausible(upload)
    found = Found()
    for upload in uploads:
        _read_one(found, upload, passphrase.encode(errors="surrogateescape"))
    _require_enough(found, uploads)
    unique = {item.fingerprint(hashes.SHA256()): item for item in found.certificates}
    return Found(list(unique.values()), found.keys, found.problems, list(dict.fromkeys(found.foreign)))


def _require_plausible(upload: Upload) -> None:
    if not upload.content.strip():
        raise UploadEmptyError(upload.name)
    if len(upload.content) > MOST_BYTES:
        raise CertificateFileTooLargeError(upload.name, MOST_BYTES)


def _require_enough(found: Found, uploads: Sequence[Upload]) -> None:
    names = ", ".join(upload.name for upload in uploads)
    if not found.certificates:
        found.raise_problem(with_keys=False)
        raise NoCertificateError(names, _looks_like(uploads[0].content))
    if len(found.certificates) > MOST_CERTIFICATES:
        raise TooManyCertificatesError(names, MOST_CERTIFICATES)
    if not found.keys:
        found.raise_problem(with_keys=True, with_certificates=False)
        raise NoKeyError(uploads[-1].name, _looks_like(uploads[-1].content))


def _read_one(found: Found, upload: Upload, passphrase: bytes) -> None:
    content = _as_bytes(upload.content)
    blocks = list(_BLOCK.finditer(content))
    for block in blocks:
        _read_block(found, upload.name, block, passphrase)
    if not blocks:
        _read_binary(found, upload.name, content, passphrase)


def _as_bytes(content: bytes) -> bytes:
    """Windows writes text in two bytes a letter, as PowerShell does behind ``>``."""
    if not content.startswith(_BYTE_ORDER_MARKS):
        return content
    return content.decode("utf-16", errors="replace").encode()


def _read_block(found: Found, name: str, block: re.Match[bytes], passphrase: bytes) -> None:
    label = block["label"]
    if label.endswith(b"PRIVATE KEY"):
        _add_key(found, name, serialization.load_pem_private_key, block.group(), passphrase)
    elif label in _CERTIFICATE_LABELS or label == b"PKCS7":
        load = _load_certificate if label in _CERTIFICATE_LABELS else pkcs7.load_der_pkcs7_certificates
        _add_certificates(found, name, lambda: load(_decode(block)))
    elif label not in _USUAL_LABELS:
        found.foreign.append(label.decode())


def _decode(block: re.Match[bytes]) -> bytes:
    if not block["end"]:
        raise ValueError("the end is missing")
    try:
        return base64.b64decode(b"".join(block["body"].split()), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def _load_certificate(der: bytes) -> list[x509.Certificate]:
    return [x509.load_der_x509_certificate(der)]


def _add_certificates(found: Found, name: str, load: Callable[[], list[x509.Certificate]]) -> None:
    """The library reads the parts of a certificate late: of those that are added, none can fail any more."""
    try:
        certificates = load()
        for certificate in certificates:
            _require_readable(certificate)
    except UNREADABLE:
        found.problems.append(Problem(name, NoCertificateError(name, "damaged")))
    else:
        found.certificates.extend(certificates)


def _require_readable(certificate: x509.Certificate) -> None:
    """Raises one of ``UNREADABLE``."""
    read_facts(certificate)
    _ = certificate.extensions
    if certificate.serial_number < 0:
        raise ValueError("negative serial number")  # with such a one Traefik loads no pair (Go 1.23)


def _add_key(found: Found, name: str, load: Callable[..., object], data: bytes, passphrase: bytes) -> None:
    try:
        found.keys.append(_load_key(name, load, data, passphrase))
    except OobError as error:
        found.problems.append(Problem(name, error, is_key=True))


def _load_key(name: str, load: Callable[..., object], data: bytes, passphrase: bytes) -> PrivateKey:
    """``load`` wants no passphrase for an open key, and one for a locked key."""
    try:
        key = load(data, None)
    except TypeError:
        key = _unlock(name, load, data, passphrase)
    except (ValueError, UnsupportedAlgorithm):
        raise NoKeyError(name, "damaged") from None
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise KeyKindRefusedError(type(key).__name__.removesuffix("PrivateKey").lstrip("_"), 0)
    return key


def _unlock(name: str, load: Callable[..., object], data: bytes, passphrase: bytes) -> object:
    if not passphrase:
        raise KeyPassphraseNeededError(name) from None
    try:
        return load(data, passphrase)
    except (ValueError, UnsupportedAlgorithm) as error:
        is_unknown = "nknown" in str(error)  # the library has no class of its own for it
        raise (KeyLockUnknownError if is_unknown else KeyPassphraseWrongError)(name) from None


def _read_binary(found: Found, name: str, content: bytes, passphrase: bytes) -> None:
    """DER says what it is by nothing but its structure."""
    if _SIGNED_DATA in content[:64]:
        _add_certificates(found, name, lambda: pkcs7.load_der_pkcs7_certificates(content))
    elif content.startswith(b"\x30") and _DATA in content[:64]:
        _read_pkcs12(found, name, content, passphrase)
    elif (certificate := _as_certificate(content)) is not None:
        _add_certificates(found, name, lambda: [certificate])
    else:
        _read_key(found, name, content, passphrase)


def _as_certificate(content: bytes) -> x509.Certificate | None:
    try:
        return x509.load_der_x509_certificate(content)
    except UNREADABLE:
        return None


def _read_key(found: Found, name: str, content: bytes, passphrase: bytes) -> None:
    """What is no key at all is no problem of a key."""
    try:
        found.keys.append(_load_key(name, serialization.load_der_private_key, content, passphrase))
    except NoKeyError:
        return
    except OobError as error:
        found.problems.append(Problem(name, error, is_key=True))


def _read_pkcs12(found: Found, name: str, content: bytes, passphrase: bytes) -> None:
    opened = _open_pkcs12(content, passphrase)
    if opened is None:  # what else is in it, nobody knows
        raise KeyPassphraseWrongError(name) if passphrase else KeyPassphraseNeededError(name)
    key, certificates = opened
    _add_certificates(found, name, lambda: certificates)
    if key is not None:
        _add_key(found, name, lambda *_data: key, b"", b"")
    found.keys.extend(_read_bags(content, passphrase))


def _read_bags(content: bytes, passphrase: bytes) -> Iterator[PrivateKey]:
    """The keys of a key store, which may hold one for each service: the library gives the first one alone."""
    for bag in islice(_KEY_BAG.finditer(content), MOST_CERTIFICATES):
        with suppress(OobError):  # as a kind that no browser takes: it is not missed as long as another one fits
            yield _load_key("", serialization.load_der_private_key, _value_at(content, bag.end()), passphrase)


def _value_at(content: bytes, at: int) -> bytes:
    """The value in DER whose length stands at ``at`` (X.690, 8.1.3)."""
    length, start = int.from_bytes(content[at : at + 1]), at + 1
    if length > _SHORT_FORM:
        start += length - _SHORT_FORM
        length = int.from_bytes(content[at + 1 : start])
    return content[start : start + length]


def _open_pkcs12(content: bytes, passphrase: bytes) -> tuple[object, list[x509.Certificate]] | None:
    """An empty passphrase and none are two things in this format; people cannot tell them apart."""
    for attempt in dict.fromkeys((passphrase or None, passphrase)):
        try:
            key, leaf, others = pkcs12.load_key_and_certificates(content, attempt)
        except (ValueError, UnsupportedAlgorithm):
            continue
        return key, [item for item in (leaf, *others) if item is not None]
    return None


def _looks_like(content: bytes) -> str:
    """What somebody took for a certificate or a key."""
    head = _as_bytes(content)[:2048].lstrip().lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "html"
    for mark, kind in (
        (b"certificate request", "csr"),
        (b"public key", "public-key"),
        (b"private key", "key"),
        (b"begin certificate", "certificate"),
    ):
        if mark in head:
            return kind
    return "binary" if b"\0" in head else "text"
