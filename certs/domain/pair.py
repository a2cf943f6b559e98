"""Certificate and key that somebody brings along: whatever form they have, checked, put in order, or refused.

Taken are PEM, DER and PKCS #12, chains in any order, the key in the same file or in another, what certbot leaves.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs.domain.builder import Pair, PrivateKey
from certs.domain.errors import (
    CertificateExpiredError,
    CertificateFileTooLargeError,
    CertificateIsAuthorityError,
    CertificateNotForServersError,
    CertificateNotYetValidError,
    ChainIncompleteError,
    KeyMismatchError,
    KeyPassphraseNeededError,
    KeyPassphraseWrongError,
    KeyWeakError,
    NameNotCoveredError,
    NamesMissingError,
    NoCertificateError,
    NoKeyError,
    SignatureWeakError,
    TooManyCertificatesError,
    UploadEmptyError,
)
from certs.domain.facts import UNREADABLE, belongs_to, describe_name, is_authority, is_self_signed, names_of, read_facts
from certs.domain.names import ServiceName, is_name
from oobsite.errors import Notice

MOST_BYTES = 1 << 20
MOST_CERTIFICATES = 20
_LEAST_RSA_BITS = 2048
_WEAK_HASHES = (hashes.MD5, hashes.SHA1)
_PEM_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_PEM_KEY = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )?PRIVATE KEY-----.*?-----END (?:[A-Z0-9]+ )?PRIVATE KEY-----", re.S)


@dataclass(frozen=True)
class Upload:
    """A file as it came: its name is shown in sentences and trusted for nothing."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Checked:
    """A pair that may be installed, and what was put right on the way."""

    pair: Pair
    notices: tuple[Notice, ...]


@dataclass(frozen=True)
class _Material:
    certificates: list[x509.Certificate]
    key: PrivateKey


def check_pair(uploads: Sequence[Upload], name: ServiceName, now: dt.datetime, passphrase: str = "") -> Checked:
    """What is installed for ``name``, out of one file or several.

    Raises one of the errors of ``certs.domain.errors`` for each rule that is broken; nothing is written here.
    """
    for upload in uploads:
        _require_plausible(upload)
    material = _read(uploads, passphrase.encode())
    leaf = _find_leaf(material)
    _check_leaf(leaf, name, now)
    chain = _order_chain(leaf, material.certificates, now)
    notices = _tell_changes(material.certificates, [leaf, *chain], is_locked=bool(passphrase))
    pem = serialization.Encoding.PEM
    key = material.key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Checked(
        Pair(leaf.public_bytes(pem), key, tuple(item.public_bytes(pem) for item in chain if not is_self_signed(item))),
        tuple(notices),
    )


def find_name(uploads: Sequence[Upload], passphrase: str = "") -> ServiceName:
    """The first name on the certificate that belongs to the key. Raises ``NamesMissingError`` and as ``check_pair``.

    It becomes the name of a folder, so what is no name is passed over.
    """
    for upload in uploads:
        _require_plausible(upload)
    name = next(filter(is_name, names_of(_find_leaf(_read(uploads, passphrase.encode())))), None)
    if name is None:
        raise NamesMissingError
    return name


def _require_plausible(upload: Upload) -> None:
    if not upload.content.strip():
        raise UploadEmptyError(upload.name)
    if len(upload.content) > MOST_BYTES:
        raise CertificateFileTooLargeError(upload.name, MOST_BYTES)


def _read(uploads: Sequence[Upload], passphrase: bytes) -> _Material:
    certificates: list[x509.Certificate] = []
    keys: list[PrivateKey] = []
    for upload in uploads:
        found, key = _read_one(upload, passphrase)
        _require_readable(upload.name, found)
        certificates += found
        keys += [key] if key is not None else []
    names = ", ".join(upload.name for upload in uploads)
    if not certificates:
        raise NoCertificateError(names, _looks_like(uploads[0].content))
    if len(certificates) > MOST_CERTIFICATES:
        raise TooManyCertificatesError(names, MOST_CERTIFICATES)
    if not keys:
        raise NoKeyError(uploads[-1].name, _looks_like(uploads[-1].content))
    unique = list({item.fingerprint(hashes.SHA256()): item for item in certificates}.values())
    return _Material(unique, _choose_key(keys, unique))


def _require_readable(name: str, certificates: Iterable[x509.Certificate]) -> None:
    """The library reads the parts of a certificate late: after this, none of them can fail."""
    for certificate in certificates:
        try:
            read_facts(certificate)
            _ = certificate.extensions
        except UNREADABLE:
            raise NoCertificateError(name, "damaged") from None


def _choose_key(keys: Sequence[PrivateKey], certificates: Sequence[x509.Certificate]) -> PrivateKey:
    """When several were brought, the one that belongs to a certificate."""
    return next((key for key in keys for item in certificates if belongs_to(key, item)), keys[0])


def _read_one(upload: Upload, passphrase: bytes) -> tuple[list[x509.Certificate], PrivateKey | None]:
    content = upload.content
    if _PEM_CERTIFICATE in content or _PEM_KEY.search(content):
        return _read_pem_certificates(upload), _read_pem_key(upload, passphrase)
    for reader in (_read_der_certificate, _read_der_key, _read_pkcs12):
        found = reader(upload, passphrase)
        if found is not None:
            return found
    return [], None


def _read_pem_certificates(upload: Upload) -> list[x509.Certificate]:
    if _PEM_CERTIFICATE not in upload.content:
        return []
    try:
        return x509.load_pem_x509_certificates(upload.content)
    except UNREADABLE:
        raise NoCertificateError(upload.name, "damaged") from None


def _read_pem_key(upload: Upload, passphrase: bytes) -> PrivateKey | None:
    block = _PEM_KEY.search(upload.content)
    if block is None:
        return None
    return _load_key(upload.name, serialization.load_pem_private_key, block.group(), passphrase)


def _load_key(name: str, load: Callable[..., object], data: bytes, passphrase: bytes) -> PrivateKey:
    """``load`` wants no passphrase for an open key, and one for a locked key."""
    try:
        key = _unlock(name, load, data, passphrase)
    except (ValueError, UnsupportedAlgorithm):
        raise (KeyPassphraseWrongError(name) if passphrase else NoKeyError(name, "damaged")) from None
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise KeyWeakError(type(key).__name__.removesuffix("PrivateKey").lstrip("_"), 0)
    return key


def _unlock(name: str, load: Callable[..., object], data: bytes, passphrase: bytes) -> object:
    try:
        return load(data, None)
    except TypeError:
        if not passphrase:
            raise KeyPassphraseNeededError(name) from None
        return load(data, passphrase)


def _read_der_certificate(
    upload: Upload, _passphrase: bytes
) -> tuple[list[x509.Certificate], PrivateKey | None] | None:
    try:
        return [x509.load_der_x509_certificate(upload.content)], None
    except UNREADABLE:
        return None


def _read_der_key(upload: Upload, passphrase: bytes) -> tuple[list[x509.Certificate], PrivateKey | None] | None:
    try:
        return [], _load_key(upload.name, serialization.load_der_private_key, upload.content, passphrase)
    except (NoKeyError, KeyPassphraseWrongError):
        return None


def _read_pkcs12(upload: Upload, passphrase: bytes) -> tuple[list[x509.Certificate], PrivateKey | None] | None:
    """An empty passphrase and none are two things in this format; people cannot tell them apart."""
    if not upload.content.startswith(b"\x30") or b"\x2a\x86\x48\x86\xf7\x0d\x01\x07" not in upload.content[:64]:
        return None
    for attempt in dict.fromkeys((passphrase or None, passphrase)):
        try:
            key, leaf, others = pkcs12.load_key_and_certificates(upload.content, attempt)
        except ValueError:
            continue
        if key is not None and not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise KeyWeakError(type(key).__name__.removesuffix("PrivateKey").lstrip("_"), 0)
        return [item for item in (leaf, *others) if item is not None], key
    raise KeyPassphraseWrongError(upload.name) if passphrase else KeyPassphraseNeededError(upload.name)


def _looks_like(content: bytes) -> str:
    """What somebody took for a certificate or a key."""
    head = content[:2048].lstrip().lower()
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
    return "binary" if b"\0" in content else "text"


def _find_leaf(material: _Material) -> x509.Certificate:
    leaf = next((item for item in material.certificates if belongs_to(material.key, item)), None)
    if leaf is None:
        raise KeyMismatchError(describe_name(material.certificates[0].subject))
    return leaf


def _check_leaf(leaf: x509.Certificate, name: ServiceName, now: dt.datetime) -> None:
    subject = describe_name(leaf.subject)
    if is_authority(leaf):
        raise CertificateIsAuthorityError(subject)
    _check_dates(leaf, now)
    check_strength(leaf)
    usage = _extended_usage(leaf)
    if usage and not {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(usage):
        raise CertificateNotForServersError(subject)
    covered = names_of(leaf)
    if not any(item.covers(name) for item in covered):
        raise NameNotCoveredError(name.shown, [item.shown for item in covered])


def _check_dates(certificate: x509.Certificate, now: dt.datetime) -> None:
    subject = describe_name(certificate.subject)
    if certificate.not_valid_after_utc <= now:
        raise CertificateExpiredError(subject, certificate.not_valid_after_utc.date().isoformat())
    if certificate.not_valid_before_utc > now:
        raise CertificateNotYetValidError(subject, certificate.not_valid_before_utc.date().isoformat())


def check_strength(certificate: x509.Certificate) -> None:
    """Raises ``KeyWeakError`` and ``SignatureWeakError``: what browsers do not accept any more."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < _LEAST_RSA_BITS:
            raise KeyWeakError("RSA", key.key_size)
    elif not isinstance(key, ec.EllipticCurvePublicKey):
        raise KeyWeakError(type(key).__name__.removesuffix("PublicKey").lstrip("_"), 0)
    elif key.curve.name not in ("secp256r1", "secp384r1"):
        raise KeyWeakError(f"EC {key.curve.name}", key.key_size)
    algorithm = certificate.signature_hash_algorithm
    if isinstance(algorithm, _WEAK_HASHES):
        raise SignatureWeakError(describe_name(certificate.subject), algorithm.name.upper())


def _extended_usage(certificate: x509.Certificate) -> list[x509.ObjectIdentifier]:
    try:
        return list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return []


def _order_chain(
    leaf: x509.Certificate, certificates: Iterable[x509.Certificate], now: dt.datetime
) -> list[x509.Certificate]:
    """The issuers from the leaf upwards; what does not belong to them is left out.

    Raises ``ChainIncompleteError`` when the leaf's own issuer is missing: a browser would refuse it.
    """
    chain: list[x509.Certificate] = []
    rest = [item for item in certificates if item != leaf]
    current = leaf
    while not is_self_signed(current):
        issuer = next((item for item in rest if _has_signed(item, current)), None)
        if issuer is None:
            break
        rest.remove(issuer)
        _check_dates(issuer, now)
        if not is_self_signed(issuer):
            check_strength(issuer)
        chain.append(issuer)
        current = issuer
    if not chain and not is_self_signed(leaf):
        raise ChainIncompleteError(describe_name(leaf.subject), describe_name(leaf.issuer))
    return chain


def _has_signed(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return is_authority(issuer)


def _tell_changes(
    found: Sequence[x509.Certificate], used: Sequence[x509.Certificate], *, is_locked: bool
) -> Iterable[Notice]:
    """What was put right on the way."""
    if is_locked:
        yield Notice("pair-passphrase-removed", {})
    kept = [item for item in found if item in used]
    if kept != list(used):
        yield Notice("pair-chain-reordered", {})
    strangers = [describe_name(item.subject) for item in found if item not in used]
    if strangers:
        yield Notice("pair-strangers-left-out", {"names": strangers})
