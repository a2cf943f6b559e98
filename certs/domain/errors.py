"""What can go wrong with certificates, one class for each thing that a user can act on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from oobsite.errors import EXIT_USAGE, OobError


@dataclass(eq=False)
class NameInvalidError(OobError):
    """``reason``: empty, address, mail, port, wildcard, letters, figures, length, scope,
    whole-ending.
    """

    exit_code: ClassVar[int] = EXIT_USAGE
    name: str
    reason: str


@dataclass(eq=False)
class NamesMissingError(OobError):
    """A certificate needs one name at least."""


@dataclass(eq=False)
class TooManyNamesError(OobError):
    exit_code: ClassVar[int] = EXIT_USAGE
    limit: int


@dataclass(eq=False)
class SubjectInvalidError(OobError):
    """``field``: country, canton, place, organisation, unit, common_name.

    ``reason``: empty, country, length, letters.
    """

    field: str
    reason: str


@dataclass(eq=False)
class NameNotPermittedError(OobError):
    """The practice's CA is limited to other names."""

    name: str
    permitted: list[str]


@dataclass(eq=False)
class AuthorityExpiredError(OobError):
    ends_on: str


@dataclass(eq=False)
class AuthorityNotYetValidError(OobError):
    """The clock stands before the day on which the CA was made."""

    begins_on: str


@dataclass(eq=False)
class AuthorityMissingError(OobError):
    """There is no practice CA yet that could sign."""


@dataclass(eq=False)
class AuthorityExistsError(OobError):
    """Another CA would be another one to tell every device of."""

    name: str
    ends_on: str


@dataclass(eq=False)
class AuthorityNameTakenError(OobError):
    """Two roots of one name could not be told apart on the devices."""

    name: str


@dataclass(eq=False)
class CertificateExistsError(OobError):
    """Another pair would take the place of the one in use."""

    name: str


@dataclass(eq=False)
class CertificateNotOursError(OobError):
    """We did not make it, so we cannot make another one."""

    name: str


@dataclass(eq=False)
class CertificateUnknownError(OobError):
    """No certificate of ours has this name."""

    exit_code: ClassVar[int] = EXIT_USAGE
    name: str


@dataclass(eq=False)
class PairLostError(OobError):
    """The files of a pair that somebody brought along are nowhere to be found."""

    name: str


@dataclass(eq=False)
class CertificateFileTooLargeError(OobError):
    name: str
    limit_bytes: int


@dataclass(eq=False)
class UploadEmptyError(OobError):
    name: str


@dataclass(eq=False)
class NoCertificateError(OobError):
    """``looks_like``: html, key, csr, text, binary."""

    name: str
    looks_like: str


@dataclass(eq=False)
class NoKeyError(OobError):
    """``looks_like``: html, certificate, public-key, text, binary."""

    name: str
    looks_like: str


@dataclass(eq=False)
class KeyPassphraseNeededError(OobError):
    name: str


@dataclass(eq=False)
class KeyPassphraseWrongError(OobError):
    name: str


@dataclass(eq=False)
class KeyLockUnknownError(OobError):
    """Locked by a method that nothing here can open."""

    name: str


@dataclass(eq=False)
class KeyMismatchError(OobError):
    """The key belongs to none of the certificates."""

    subject: str


@dataclass(eq=False)
class KeyWeakError(OobError):
    """``kind``: RSA, EC, DSA and so on; ``bits``: its length."""

    kind: str
    bits: int


@dataclass(eq=False)
class KeyKindRefusedError(KeyWeakError):
    """A kind of key that no browser takes, whatever its length."""


@dataclass(eq=False)
class SignatureWeakError(OobError):
    subject: str
    algorithm: str


@dataclass(eq=False)
class CertificateExpiredError(OobError):
    subject: str
    ended_on: str


@dataclass(eq=False)
class CertificateNotYetValidError(OobError):
    subject: str
    begins_on: str


@dataclass(eq=False)
class CertificateIsAuthorityError(OobError):
    """A CA's own certificate is none for a service."""

    subject: str


@dataclass(eq=False)
class SelfSignedAuthorityError(OobError):
    """Made for a service, and by its maker's settings a CA's own certificate all the same."""

    subject: str


@dataclass(eq=False)
class CertificateNotForServersError(OobError):
    subject: str


@dataclass(eq=False)
class AlternativeNamesMissingError(OobError):
    """The name stands in the subject alone, where no browser looks any more."""

    subject: str


@dataclass(eq=False)
class NameNotCoveredError(OobError):
    name: str
    covered: list[str]


@dataclass(eq=False)
class ChainIncompleteError(OobError):
    """The certificate of ``issuer``, which signed that of ``subject``, is not in the upload."""

    subject: str
    issuer: str


@dataclass(eq=False)
class TooManyCertificatesError(OobError):
    name: str
    limit: int


@dataclass(eq=False)
class StoreWriteError(OobError):
    path: str
    reason: str


@dataclass(eq=False)
class StoreRemoveError(OobError):
    """What nothing uses any more cannot be removed."""

    path: str
    reason: str


@dataclass(eq=False)
class GenerationMissingError(OobError):
    """The files of a pair are not where they were written."""

    path: str


@dataclass(eq=False)
class GenerationDamagedError(OobError):
    """Key and certificate of a stored pair do not belong together any more."""

    path: str
