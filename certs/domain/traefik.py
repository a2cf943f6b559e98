"""The file by which Traefik learns of certificates (file provider, `tls` section), and snippets for other proxies.

https://doc.traefik.io/traefik/https/tls/ : certificates come from files only; a new file by one rename is read within
seconds, a changed certificate under an old name never. Traefik watches the folder of this file and none below it. The
file is a Go template too, so no name may hold ``{{``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from certs.domain.errors import StoreWriteError
from certs.domain.names import ServiceName
from certs.domain.store import (
    CHAIN_NAME,
    KEY_NAME,
    Generation,
    folder_name,
    make_folders,
    read_generation,
    remove_parts,
)
from oobsite.files import replace_file

FILE_NAME = "oobsite-certificates.yaml"
_HEAD = "# Written by oobsite. Changes made by hand are lost with the next certificate.\n"
_MODE = 0o644
_CERTIFICATE_LINE = re.compile(r'certFile: "(?P<path>[^"]+)"')


@dataclass(frozen=True)
class Served:
    """What the proxy shall serve: one generation of each service, and which of them where no name fits."""

    generations: tuple[Generation, ...]
    default: Generation | None = None


def render(served: Served, seen_dir: PurePosixPath) -> str:
    """The YAML; ``seen_dir`` is the certs folder as the proxy sees it."""
    lines = [_HEAD + "tls:", *_stores(served.default, seen_dir)]
    if served.generations:
        lines.append("  certificates:")
    lines += [f"    - {_files(generation, seen_dir, indent=6)}" for generation in served.generations]
    return "\n".join(lines) + "\n"


def _stores(default: Generation | None, seen_dir: PurePosixPath) -> list[str]:
    """Never left out: without this section Traefik goes on with the last certificates that it had."""
    if default is None:
        return ["  stores:", "    default: {}"]
    files = _files(default, seen_dir, indent=8)
    return ["  stores:", "    default:", "      defaultCertificate:", f"        {files}"]


def _files(generation: Generation, seen_dir: PurePosixPath, *, indent: int) -> str:
    certificate, key = (seen_dir / generation.relative / name for name in (CHAIN_NAME, KEY_NAME))
    return f"certFile: {_quote(certificate)}\n{' ' * indent}keyFile: {_quote(key)}"


def _quote(path: PurePosixPath) -> str:
    """A JSON string is a YAML string."""
    text = json.dumps(str(path), ensure_ascii=False)
    if "{{" in text:
        raise StoreWriteError(str(path), "{{")
    return text


def publish(certs_dir: Path, traefik_dir: Path, served: Served, seen_dir: PurePosixPath) -> Path:
    """Let the proxy serve these; every pair is read from disk first, so that a broken one is never named.

    Raises ``GenerationMissingError``, ``GenerationDamagedError``, ``StoreWriteError``: the proxy goes on as before.
    """
    for generation in served.generations:
        read_generation(certs_dir, generation)
    path = traefik_dir / FILE_NAME
    try:
        make_folders(traefik_dir)
        remove_parts(path)
        replace_file(path, render(served, seen_dir).encode(), mode=_MODE)
    except OSError as error:
        raise StoreWriteError(str(path), error.strerror or str(error)) from error
    return path


def is_published(traefik_dir: Path, served: Served, seen_dir: PurePosixPath) -> bool:
    """Whether the YAML says these; where nothing is served, none is needed."""
    try:
        return (traefik_dir / FILE_NAME).read_bytes() == render(served, seen_dir).encode()
    except OSError:
        return not served.generations


def list_published(traefik_dir: Path, seen_dir: PurePosixPath) -> set[PurePosixPath]:
    """Generations that the YAML names, as paths below the certs folder; empty without the file."""
    try:
        text = (traefik_dir / FILE_NAME).read_text()
    except OSError:
        return set()
    paths = (PurePosixPath(match["path"]) for match in _CERTIFICATE_LINE.finditer(text))
    return {path.parent.relative_to(seen_dir) for path in paths if path.is_relative_to(seen_dir)}


def nginx_snippet(name: ServiceName, seen_dir: PurePosixPath) -> str:
    """For the ``server`` block of a service: the copies whose names stay, since a generation goes some day."""
    copy = seen_dir / folder_name(name)
    return (
        "# The files change with each renewal, and nginx reads them when it is told to: nginx -s reload\n"
        f"server_name {_host(name)};\nlisten 443 ssl;\n"
        f"ssl_certificate {copy}.crt;\nssl_certificate_key {copy}.key;\n"
    )


def caddy_snippet(name: ServiceName, seen_dir: PurePosixPath) -> str:
    """For a Caddyfile; files as in ``nginx_snippet``."""
    copy = seen_dir / folder_name(name)
    return (
        "# The files change with each renewal, and Caddy reads them when it is told to: caddy reload --force\n"
        f"{_host(name)} {{\n\ttls {copy}.crt {copy}.key\n}}\n"
    )


def _host(name: ServiceName) -> str:
    """As it stands in addresses: IPv6 in brackets."""
    return f"[{name.text}]" if ":" in name.text else name.text
