"""Certificate and key that somebody brings along: checked, put in order, or refused (``reading`` finds them)."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, PublicKeyAlgorithmOID

from certs.domain.builder import Pair, PrivateKey
from certs.domain.errors import (
    AlternativeNamesMissingError,
    CertificateExpiredError,
    CertificateIsAuthorityError,
    CertificateNotForServersError,
    CertificateNotYetValidError,
    ChainIncompleteError,
    KeyKindRefusedError,
    KeyMismatchError,
    KeyWeakError,
    NameNotCoveredError,
    NamesMissingError,
    SelfSignedAuthorityError,
    SignatureWeakError,
)
from certs.domain.expiry import judge_end
from certs.domain.facts import belongs_to, describe_name, has_signed, is_authority, is_self_signed, names_of
from certs.domain.names import ServiceName, is_name
from certs.domain.reading import Found, Upload, read_uploads
from oobsite.errors import Notice, OobError

_LEAST_RSA_BITS = 2048
_WEAK_HASHES = (hashes.MD5, hashes.SHA1)


@dataclass(frozen=True)
class Checked:
    """A pair that may be installed, and what was put right on the way."""

    pair: Pair
    notices: tuple[Notice, ...]


def check_pair(uploads: Sequence[Upload], name: ServiceName, now: dt.datetime, passphrase: str = "") -> Checked:
    """What is installed for ``name``, out of one file or several.

    Raises one of the errors of ``certs.domain.errors`` for each rule that is broken; nothing is written here.
    """
    found = read_uploads(uploads, passphrase)
    leaf, key = _find_leaf(found, name, now)
    _check_leaf(leaf, name, now)
    chain = _find_chain(leaf, found, now)
    others = [item for item in _leaves_of_keys(found) if item.public_key() != leaf.public_key()]
    rest = replace(found, certificates=[item for item in found.certificates if item not in others])
    notices = [
        *_tell_several(leaf, others),
        *_tell_changes(rest, [leaf, *chain], is_locked=bool(passphrase)),
        *_tell_end(leaf, now),
    ]
    pem = serialization.Encoding.PEM
    content = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    sent = tuple(item.public_bytes(pem) for item in chain if not is_self_signed(item))
    return Checked(Pair(leaf.public_bytes(pem), content, sent), tuple(notices))


def find_name(uploads: Sequence[Upload], passphrase: str = "") -> ServiceName:
    """The first name on the certificate that belongs to the key. Raises ``NamesMissingError`` and as ``check_pair``.

    It becomes the name of a folder, so what is no name is passed over.
    """
    leaf, _key = _find_leaf(read_uploads(uploads, passphrase))
    name = next(filter(is_name, names_of(leaf)), None)
    if name is None:
        raise NamesMissingError
    return name


def _find_leaf(
    found: Found, name: ServiceName | None = None, now: dt.datetime | None = None
) -> tuple[x509.Certificate, PrivateKey]:
    """The certificate of a key; of several, as after a renewal with the same key, the one that fits best."""
    pairs = [(item, key) for item in found.certificates for key in found.keys if belongs_to(key, item)]
    if not pairs:
        found.raise_problem(with_keys=True)
        raise KeyMismatchError(describe_name(found.certificates[0].subject))

    def fitness(pair: tuple[x509.Certificate, PrivateKey]) -> tuple[bool, bool, bool, dt.datetime]:
        item = pair[0]
        covers = name is None or any(one.covers(name) for one in names_of(item))
        is_begun = now is None or item.not_valid_before_utc <= now
        return not is_authority(item), covers, is_begun, item.not_valid_after_utc

    return max(pairs, key=fitness)


def _check_leaf(leaf: x509.Certificate, name: ServiceName, now: dt.datetime) -> None:
    subject = describe_name(leaf.subject)
    if is_authority(leaf):
        is_meant_for_service = is_self_signed(leaf) and any(item.covers(name) for item in names_of(leaf))
        raise SelfSignedAuthorityError(subject) if is_meant_for_service else CertificateIsAuthorityError(subject)
    _check_usable(leaf, now)
    usage = _extended_usage(leaf)
    if usage and not {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(usage):
        raise CertificateNotForServersError(subject)
    covered = names_of(leaf)
    if not covered:
        raise AlternativeNamesMissingError(subject)
    if not any(item.covers(name) for item in covered):
        raise NameNotCoveredError(name.shown, [item.shown for item in covered])


def _check_usable(certificate: x509.Certificate, now: dt.datetime) -> None:
    """Dates and strength; of a root, which no server sends, the dates alone."""
    subject = describe_name(certificate.subject)
    if certificate.not_valid_after_utc <= now:
        raise CertificateExpiredError(subject, certificate.not_valid_after_utc.date().isoformat())
    if certificate.not_valid_before_utc > now:
        raise CertificateNotYetValidError(subject, certificate.not_valid_before_utc.date().isoformat())
    if not (is_authority(certificate) and is_self_signed(certificate)):
        check_strength(certificate)


def check_strength(certificate: x509.Certificate) -> None:
    """Raises ``KeyWeakError`` and ``SignatureWeakError``: what browsers do not accept, or not any more."""
    key = certificate.public_key()
    if certificate.public_key_algorithm_oid == PublicKeyAlgorithmOID.RSASSA_PSS:  # neither browsers nor Go take it
        raise KeyKindRefusedError("RSASSA-PSS", 0)
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < _LEAST_RSA_BITS:
            raise KeyWeakError("RSA", key.key_size)
    elif not isinstance(key, ec.EllipticCurvePublicKey):
        raise KeyKindRefusedError(type(key).__name__.removesuffix("PublicKey").lstrip("_"), 0)
    elif key.curve.name not in ("secp256r1", "secp384r1"):
        raise KeyWeakError(f"EC {key.curve.name}", key.key_size)
    algorithm = certificate.signature_hash_algorithm
    if algorithm is None:
        raise SignatureWeakError(describe_name(certificate.subject), "EdDSA")
    if isinstance(algorithm, _WEAK_HASHES):
        raise SignatureWeakError(describe_name(certificate.subject), algorithm.name.upper())


def _extended_usage(certificate: x509.Certificate) -> list[x509.ObjectIdentifier]:
    try:
        return list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return []


def _find_chain(leaf: x509.Certificate, found: Found, now: dt.datetime) -> list[x509.Certificate]:
    """The issuers from the leaf upwards; what does not belong to them is left out.

    Of several ways, as with cross-signed issuers, the shortest to a root, else the longest. Raises
    ``ChainIncompleteError`` when the leaf's own issuer is missing: a browser would refuse it.
    """
    paths = list(_walk_up(leaf, found.certificates, now))
    path = next((path for path in paths if is_self_signed(path[-1])), paths[-1])
    top = path[-1]
    if not is_self_signed(top):
        for issuer in (item for item in found.certificates if item not in path and _may_have_signed(item, top)):
            _check_usable(issuer, now)  # raises: it was not on the way
    if top == leaf and not is_self_signed(leaf):
        found.raise_problem(with_keys=False)
        raise ChainIncompleteError(describe_name(leaf.subject), describe_name(leaf.issuer))
    return path[1:]


def _walk_up(
    leaf: x509.Certificate, certificates: Sequence[x509.Certificate], now: dt.datetime
) -> Iterable[list[x509.Certificate]]:
    """The shortest path to each issuer that may be used, shorter ones first."""
    seen, waiting = {leaf}, deque([[leaf]])
    while waiting:
        path = waiting.popleft()
        yield path
        issuers = [item for item in certificates if item not in seen and _may_have_signed(item, path[-1])]
        for issuer in issuers if not is_self_signed(path[-1]) else ():
            if _is_usable(issuer, now):
                seen.add(issuer)
                waiting.append([*path, issuer])


def _is_usable(certificate: x509.Certificate, now: dt.datetime) -> bool:
    try:
        _check_usable(certificate, now)
    except OobError:
        return False
    return True


def _may_have_signed(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    return has_signed(issuer, certificate) and is_authority(issuer)


def _leaves_of_keys(found: Found) -> list[x509.Certificate]:
    """Certificates of services whose keys are there too."""
    return [
        item
        for item in found.certificates
        if not is_authority(item) and any(belongs_to(key, item) for key in found.keys)
    ]


def _tell_several(leaf: x509.Certificate, others: Sequence[x509.Certificate]) -> Iterable[Notice]:
    """Which pair of several was taken, as out of a key store."""
    if others:
        names = [describe_name(item.subject) for item in others]
        yield Notice("pair-of-several", {"subject": describe_name(leaf.subject), "names": names})


def _tell_end(leaf: x509.Certificate, now: dt.datetime) -> Iterable[Notice]:
    """That it is good, but not for long."""
    if judge_end(leaf.not_valid_after_utc, now) is not None:
        yield Notice("pair-ends-soon", {"ends_on": leaf.not_valid_after_utc.date().isoformat()})


def _tell_changes(found: Found, used: Sequence[x509.Certificate], *, is_locked: bool) -> Iterable[Notice]:
    """What was put right on the way."""
    if is_locked:
        yield Notice("pair-passphrase-removed", {})
    kept = [item for item in found.certificates if item in used]
    if kept != list(used):
        yield Notice("pair-chain-reordered", {})
    strangers = [describe_name(item.subject) for item in found.certificates if item not in used]
    if strangers:
        yield Notice("pair-strangers-left-out", {"names": strangers})
    if found.foreign:
        yield Notice("pair-blocks-left-out", {"names": found.foreign})
    if found.problems:
        yield Notice("pair-unreadable-left-out", {"names": sorted({problem.name for problem in found.problems})})
