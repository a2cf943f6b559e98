"""Pairs on disk: every generation in a folder of its own, complete or not there.

    <certs folder>/<name>/<number>/fullchain.pem   leaf and the certificates above it, 0644
    <certs folder>/<name>/<number>/privkey.pem     its key, 0600
    <certs folder>/<name>.crt, <name>.key          the one in use, for proxies that are set up by hand

The certs folder belongs to the practice's data: it is backed up with them, and a restore exchanges it. The pairs in use
may lie in a second folder of the same form, which holds nothing else and stays: the one that the proxy sees.

A file that a proxy reads is never changed: a proxy that looks at the wrong moment would pair an old key with a new
certificate, and Traefik does not look again at all (traefik#5495).
"""

from __future__ import annotations

import glob
import hashlib
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from certs.domain.builder import Pair
from certs.domain.errors import GenerationDamagedError, GenerationMissingError, StoreRemoveError, StoreWriteError
from certs.domain.facts import UNREADABLE, belongs_to, fingerprint
from certs.domain.names import ServiceName
from oobsite.files import replace_file, sync_dir, write_private

CHAIN_NAME = "fullchain.pem"
KEY_NAME = "privkey.pem"
_PUBLIC = 0o644
_PRIVATE = 0o600
_FOLDER = 0o755
_PART = ".part"
_MOST_LETTERS = 180
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
    """A name that every file system takes: no star, no colon, and short enough for all endings that we put behind."""
    plain = name.text.replace("*", "_wildcard").replace(":", "_")
    if len(plain) <= _MOST_LETTERS:
        return plain
    return f"{plain[:_MOST_LETTERS]}_{hashlib.sha256(name.text.encode()).hexdigest()[:16]}"


def write_generation(certs_dir: Path, generation: Generation, pair: Pair) -> Path:
    """Write a new pair beside the older ones; nothing uses it yet. Raises ``StoreWriteError``.

    What a killed writer has left of the same number is written anew, unless it is in place already.
    """
    target = certs_dir / generation.relative
    part = target.with_name(target.name + _PART)
    try:
        make_folders(certs_dir, target.parent)
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


def make_folders(*folders: Path) -> None:
    """Each that is missing, readable for every proxy whatever our umask is."""
    for path in folders:
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


def share_generation(certs_dir: Path, served_dir: Path, generation: Generation) -> None:
    """Copy a pair to where the proxy reads it, unless it lies there already.

    Raises as ``read_generation`` and ``write_generation``.
    """
    pair = read_generation(certs_dir, generation)
    if certs_dir == served_dir or holds(served_dir, generation, pair):
        return
    shutil.rmtree(served_dir / generation.relative, ignore_errors=True)  # damaged
    write_generation(served_dir, generation, pair)


def holds(certs_dir: Path, generation: Generation, pair: Pair) -> bool:
    """Whether the very pair lies there, whole."""
    try:
        return read_generation(certs_dir, generation) == pair
    except (GenerationMissingError, GenerationDamagedError):
        return False


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
    """Remove what nothing uses any more, and what killed writers have left; return the numbers removed.

    Raises ``StoreRemoveError``.
    """
    folder = certs_dir / folder_name(name)
    gone = [number for number in list_generations(certs_dir, name) if number not in set(keep)]
    for number in gone:
        try:
            shutil.rmtree(folder / str(number))
        except OSError as error:
            raise StoreRemoveError(str(folder / str(number)), error.strerror or str(error)) from error
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
    """Remove all that there is of a service, when the proxy's file names it no more. Raises ``StoreRemoveError``."""
    folder = certs_dir / folder_name(name)
    try:
        if folder.is_dir():
            shutil.rmtree(folder)
        for path in _copies(certs_dir, name):
            path.unlink(missing_ok=True)
            remove_parts(path)
        if certs_dir.is_dir():
            sync_dir(certs_dir)
    except OSError as error:
        raise StoreRemoveError(str(folder), error.strerror or str(error)) from error


def write_old_place(certs_dir: Path, name: ServiceName, pair: Pair) -> None:
    """``<name>.crt`` and ``<name>.key``, as the predecessor left them. Raises ``StoreWriteError``."""
    certificate, key = _copies(certs_dir, name)
    try:
        for path, content, mode in ((key, pair.key, _PRIVATE), (certificate, pair.full_chain, _PUBLIC)):
            remove_parts(path)
            replace_file(path, content, mode=mode)
    except OSError as error:
        raise StoreWriteError(str(certificate), error.strerror or str(error)) from error


def _copies(certs_dir: Path, name: ServiceName) -> tuple[Path, Path]:
    folder = folder_name(name)
    return certs_dir / f"{folder}.crt", certs_dir / f"{folder}.key"


def remove_parts(path: Path) -> None:
    """What a killed writer has begun of the file ``path``: it may hold a key."""
    for part in path.parent.glob(f"{glob.escape(path.name)}.*{_PART}"):
        part.unlink(missing_ok=True)
