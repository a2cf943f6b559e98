"""Pairs on disk: every generation in a folder of its own, complete or not there.

    <certs folder>/<name>/<number>/fullchain.pem   leaf and the certificates above it, 0644
    <certs folder>/<name>/<number>/privkey.pem     its key, 0600
    <certs folder>/<name>.crt, <name>.key          the one in use, for proxies that are set up by hand

A file that a proxy reads is never changed: a proxy that looks at the wrong moment would pair an old key with a new
certificate, and Traefik does not look again at all (traefik#5495).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from certs.domain.builder import Pair
from certs.domain.errors import GenerationDamagedError, GenerationMissingError, StoreWriteError
from certs.domain.facts import UNREADABLE, belongs_to, fingerprint
from certs.domain.names import ServiceName
from oobsite.files import replace_file, sync_dir, write_private

CHAIN_NAME = "fullchain.pem"
KEY_NAME = "privkey.pem"
_PUBLIC = 0o644
_PRIVATE = 0o600
_FOLDER = 0o755
_PART = ".part"
#: As we write it, and no larger than a column of the database takes.
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True)
class Generation:
    """One pair of a service: its folder is the truth."""

    name: ServiceName
    number: int

    @property
    def relative(self) -> Path:
        """Below the certs folder."""
        return Path(folder_name(self.name)) / str(self.number)


def folder_name(name: ServiceName) -> str:
    """A name that every file system takes: no star, no colon."""
    return name.text.replace("*", "_wildcard").replace(":", "_")


def write_generation(certs_dir: Path, generation: Generation, pair: Pair) -> Path:
    """Write a new pair beside the older ones; nothing uses it yet. Raises ``StoreWriteError``.

    What a killed writer has left of the same number is written anew, unless it is in place already.
    """
    target = certs_dir / generation.relative
    part = target.with_name(target.name + _PART)
    try:
        _make_folders(certs_dir, target.parent)
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=_FOLDER)
        part.chmod(_FOLDER)
        write_private(part / KEY_NAME, pair.key, mode=_PRIVATE)
        write_private(part / CHAIN_NAME, pair.full_chain, mode=_PUBLIC)
        sync_dir(part)
        part.rename(target)
        sync_dir(target.parent)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise StoreWriteError(str(target), error.strerror or str(error)) from error
    return target


def _make_folders(certs_dir: Path, folder: Path) -> None:
    for path in (certs_dir, folder):
        if not path.is_dir():
            path.mkdir(parents=True)
            path.chmod(_FOLDER)
            sync_dir(path.parent)


def read_generation(certs_dir: Path, generation: Generation) -> Pair:
    """The pair as it lies on disk, found to belong together.

    Raises ``GenerationMissingError``, ``GenerationDamagedError``.
    """
    folder = certs_dir / generation.relative
    try:
        chain, key = (folder / CHAIN_NAME).read_bytes(), (folder / KEY_NAME).read_bytes()
    except OSError as error:
        raise GenerationMissingError(str(folder)) from error
    try:
        certificates = x509.load_pem_x509_certificates(chain)
        is_whole = belongs_to(serialization.load_pem_private_key(key, None), certificates[0])
    except UNREADABLE as error:
        raise GenerationDamagedError(str(folder)) from error
    if not is_whole:
        raise GenerationDamagedError(str(folder))
    pem = [item.public_bytes(serialization.Encoding.PEM) for item in certificates]
    return Pair(pem[0], key, tuple(pem[1:]))


def stored_fingerprint(certs_dir: Path, generation: Generation) -> str:
    """SHA-256 of the leaf on disk, hex. Raises as ``read_generation``."""
    return fingerprint(x509.load_pem_x509_certificate(read_generation(certs_dir, generation).certificate))


def list_generations(certs_dir: Path, name: ServiceName) -> list[int]:
    """Numbers of the complete generations of a service, oldest first; what else lies there is not ours."""
    folder = certs_dir / folder_name(name)
    if not folder.is_dir():
        return []
    return sorted(int(path.name) for path in folder.iterdir() if _NUMBER.fullmatch(path.name) and path.is_dir())


def remove_generations(certs_dir: Path, name: ServiceName, keep: Iterable[int]) -> list[int]:
    """Remove what nothing uses any more, and what killed writers have left; return the numbers removed."""
    folder = certs_dir / folder_name(name)
    gone = [number for number in list_generations(certs_dir, name) if number not in set(keep)]
    for number in gone:
        shutil.rmtree(folder / str(number))
    for part in folder.glob(f"*{_PART}"):
        shutil.rmtree(part, ignore_errors=True)
    return gone


def list_services(certs_dir: Path) -> list[str]:
    """Names of the folders that hold a complete generation."""
    if not certs_dir.is_dir():
        return []
    folders = [path for path in certs_dir.iterdir() if path.is_dir() and not path.is_symlink()]
    return sorted(path.name for path in folders if any((child / CHAIN_NAME).is_file() for child in path.iterdir()))


def remove_service(certs_dir: Path, name: ServiceName) -> None:
    """Remove all that there is of a service, when the proxy's file names it no more. Raises ``StoreWriteError``."""
    folder = certs_dir / folder_name(name)
    try:
        if folder.is_dir():
            shutil.rmtree(folder)
        for suffix in (".key", ".crt"):
            folder.with_name(folder.name + suffix).unlink(missing_ok=True)
        if certs_dir.is_dir():
            sync_dir(certs_dir)
    except OSError as error:
        raise StoreWriteError(str(folder), error.strerror or str(error)) from error


def write_old_place(certs_dir: Path, name: ServiceName, pair: Pair) -> None:
    """``<name>.crt`` and ``<name>.key``, as the predecessor left them. Raises ``StoreWriteError``."""
    path = certs_dir / folder_name(name)
    try:
        replace_file(path.with_name(f"{path.name}.key"), pair.key, mode=_PRIVATE)
        replace_file(path.with_name(f"{path.name}.crt"), pair.full_chain, mode=_PUBLIC)
    except OSError as error:
        raise StoreWriteError(str(path), error.strerror or str(error)) from error
