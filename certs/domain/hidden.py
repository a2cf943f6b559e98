"""Whom the proxy cannot tell apart: visitors whom Docker passes on in the name of its network's gateway.

It does so where it hides who asks (IPv6 without ip6tables, rootless, Docker Desktop). Where that address lies in a
network of the practice, everybody from outside would be taken for one of its devices.
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from certs.domain.errors import StoreWriteError
from certs.domain.store import remove_parts
from oobsite.files import replace_file

FILE_NAME = "oobsite-network.yaml"
#: What our proxy leads where; whoever has this file has its middleware and its entrypoints.
ROUTES_NAME = "routes.yaml"
_MODE = 0o644
_PROC = Path("/proc/net")
#: Whom the routes let in (docker/traefik/routes.yaml), beside loopback. Docker's own first networks are not among them.
LET_IN = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/10")
)
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_TEMPLATE = """\
# Written by oobsite when its worker starts: who comes with the address of the container network's gateway is refused
# where the practice alone is let in, unless LOCAL_NETWORKS names just that address.
http:
  middlewares:
    nobody: {ipAllowList: {sourceRange: [255.255.255.255/32]}}
{{- $wanted := splitList "," (nospace (env "LOCAL_NETWORKS")) }}
{{- if and (env "LOCAL_NAME") @NOT_WANTED@ }}
  routers:
    hidden:
      entryPoints: [web, websecure]
      rule: '(@HIDDEN@) && HostRegexp(`(?i)\\.{{ regexQuoteMeta (env "LOCAL_NAME") }}$`)
        && !Host(`termine.{{ env "EXTERNAL_NAME" | default "invalid" }}`)'
      priority: 100000
      service: noop@internal
      middlewares: [nobody]
{{- end }}
"""


def read_gateways(proc_dir: Path = _PROC) -> list[Address]:
    """Default gateways of this machine or container that would be taken for an address of the practice."""
    found = dict.fromkeys((*_of_version_4(proc_dir / "route"), *_of_version_6(proc_dir / "ipv6_route")))
    return [address for address in found if any(address in network for network in LET_IN)]


def _of_version_4(path: Path) -> Iterator[Address]:
    """Interface, destination, gateway, each in hex and in the order of this machine's bytes (proc(5))."""
    for fields in _lines(path):
        if fields[1:2] == ["00000000"]:
            yield ipaddress.IPv4Address(int(fields[2], 16).to_bytes(4, sys.byteorder))


def _of_version_6(path: Path) -> Iterator[Address]:
    """Destination, its length, source, its length, gateway, in hex."""
    for fields in _lines(path):
        if fields[:2] == ["0" * 32, "00"]:
            yield ipaddress.IPv6Address(int(fields[4], 16))


def _lines(path: Path) -> Iterable[list[str]]:
    try:
        return [line.split() for line in path.read_text().splitlines()]
    except OSError:  # not every system has them
        return []


def render(gateways: Sequence[Address]) -> str:
    """The proxy's file by which these are refused, one at least; it is a Go template."""
    hidden = " || ".join(f"ClientIP(`{address}`)" for address in gateways)
    not_wanted = " ".join(f'(not (has "{ipaddress.ip_network(address)}" $wanted))' for address in gateways)
    return _TEMPLATE.replace("@HIDDEN@", hidden).replace("@NOT_WANTED@", not_wanted)


def publish(traefik_dir: Path, gateways: Sequence[Address]) -> None:
    """Let the proxy refuse the gateways of our network, which are those of the proxy beside us too.

    Another proxy than that of ``docker-compose.yaml`` has other routes, and is left alone. Raises ``StoreWriteError``.
    """
    is_ours = (traefik_dir / ROUTES_NAME).is_file()
    path = traefik_dir / FILE_NAME
    content = render(gateways).encode() if gateways and is_ours else b""
    try:
        if not content:
            path.unlink(missing_ok=True)
        elif not path.is_file() or path.read_bytes() != content:
            remove_parts(path)
            replace_file(path, content, mode=_MODE)
    except OSError as error:
        raise StoreWriteError(str(path), error.strerror or str(error)) from error
