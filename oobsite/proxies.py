"""What stands before the site: only proxies that OOB_TRUSTED_PROXIES names may say who asks, and how."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

Network = IPv4Network | IPv6Network
_FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT")


class TrustedProxiesMiddleware:
    """Stands first. Sets ``REMOTE_ADDR`` to the client's address; what anybody else claims is taken away."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        networks = settings.OOB_TRUSTED_PROXIES
        peer = request.META.get("REMOTE_ADDR", "")
        if is_trusted(peer, networks):
            chain = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
            request.META["REMOTE_ADDR"] = find_client(chain, peer, networks)
        else:
            for name in _FORWARDED:
                request.META.pop(name, None)
        return self.get_response(request)


def find_client(chain: Sequence[str], peer: str, networks: Sequence[Network]) -> str:
    """The last address of ``chain`` (client first) that is no trusted proxy; ``peer`` when it names none."""
    client = peer
    for entry in reversed(chain):
        address = entry.strip()
        if not _is_address(address):
            return client
        client = address
        if not is_trusted(address, networks):
            return client
    return client


def is_trusted(address: str, networks: Sequence[Network]) -> bool:
    return _is_address(address) and any(ip_address(address) in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
