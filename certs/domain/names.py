"""Names of services as they stand in a browser's address bar: host names, wildcards, addresses."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import idna
from cryptography import x509

from certs.domain.errors import NameInvalidError, TooManyNamesError

_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_MOST_BYTES = 253
_MOST_NAMES = 100
_FIGURES = re.compile(r"[0-9]+|0x[0-9a-f]*")
_IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class ServiceName:
    """``text`` as it is compared and stored: small letters, international names in their ASCII form (RFC 5891)."""

    text: str

    @property
    def address(self) -> _IPAddress | None:
        """The IP address, when the name is one."""
        try:
            return ipaddress.ip_address(self.text)
        except ValueError:
            return None

    @property
    def shown(self) -> str:
        """As people write it: with umlauts. Other scripts stay in ASCII: some of their letters look like ours."""
        if self.address is not None:
            return self.text
        return ".".join(_as_written(label) for label in self.text.split("."))

    @property
    def general_name(self) -> x509.GeneralName:
        return x509.DNSName(self.text) if self.address is None else x509.IPAddress(self.address)

    @property
    def is_wildcard(self) -> bool:
        return self.text.startswith("*.")

    def covers(self, other: ServiceName) -> bool:
        """Whether a certificate for this name is good for ``other``: a wildcard stands for exactly one label."""
        if self.text == other.text:
            return True
        if not self.is_wildcard or other.address is not None or other.is_wildcard:
            return False
        above = other.text.partition(".")[2]
        return "." in above and above == self.text.removeprefix("*.")  # browsers take no star for a whole top level


def parse_name(text: str) -> ServiceName:
    """A name that somebody has typed. Raises ``NameInvalidError`` with the reason."""
    name = text.strip()
    if not name:
        raise NameInvalidError(name, "empty")
    address = _as_address(name)
    if address is not None:
        return ServiceName(str(address))
    _refuse_what_is_no_name(name)
    name = name.removesuffix(".").lower()
    is_wildcard = name.startswith("*.")
    host = _to_ascii(name.removeprefix("*.") if is_wildcard else name)
    found = f"*.{host}" if is_wildcard else host
    if len(found) > _MOST_BYTES:
        raise NameInvalidError(name, "length")
    _check_host(name, host)
    if is_wildcard and "." not in host:
        raise NameInvalidError(name, "whole-ending")
    return ServiceName(found)


def is_name(name: ServiceName) -> bool:
    """Whether somebody could have typed it: what stands on a certificate of others may be anything, as ``../etc``."""
    try:
        return parse_name(name.text) == name
    except NameInvalidError:
        return False


def parse_names(texts: Iterable[str]) -> tuple[ServiceName, ...]:
    """Several names, each once, in their order. Raises ``NameInvalidError``, ``TooManyNamesError``."""
    names = dict.fromkeys(parse_name(text) for text in texts)
    if len(names) > _MOST_NAMES:
        raise TooManyNamesError(_MOST_NAMES)
    return tuple(names)


def _as_address(name: str) -> _IPAddress | None:
    try:
        address = ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id:
        raise NameInvalidError(name, "scope")
    return address


def _refuse_what_is_no_name(name: str) -> None:
    """What people type instead of a name has a reason of its own."""
    if "://" in name or "/" in name:
        raise NameInvalidError(name, "address")
    if "@" in name:
        raise NameInvalidError(name, "mail")
    if re.fullmatch(r"[^:]+:\d+", name):
        raise NameInvalidError(name, "port")
    if "*" in name.removeprefix("*."):
        raise NameInvalidError(name, "wildcard")


def _to_ascii(host: str) -> str:
    if host.isascii():
        return host
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        raise NameInvalidError(host, "letters") from None


def _check_host(typed: str, host: str) -> None:
    labels = host.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise NameInvalidError(typed, "letters")
    if _FIGURES.fullmatch(labels[-1]):  # a browser takes it for a bad address (WHATWG URL, "ends in a number")
        raise NameInvalidError(typed, "figures")
    if any(label.startswith("xn--") and _decode(label) == label for label in labels):
        raise NameInvalidError(typed, "letters")


def _as_written(label: str) -> str:
    decoded = _decode(label)
    is_latin = all(unicodedata.name(letter, "").startswith("LATIN ") for letter in decoded if not letter.isascii())
    return decoded if is_latin else label


def _decode(label: str) -> str:
    try:
        return idna.decode(label) if label.startswith("xn--") else label
    except UnicodeError:
        return label
