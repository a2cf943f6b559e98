"""Only proxies that are named may say who asks, and whether he asks by https."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from django.http import HttpResponse

from oobsite.proxies import TrustedProxiesMiddleware, find_client

TRAEFIK = [ip_network("172.18.0.0/16")]


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9", "203.0.113.9"),  # the first was typed by the client
        ("203.0.113.9, 172.18.0.7", "203.0.113.9"),
        ("2001:db8::5", "2001:db8::5"),
        ("", "172.18.0.2"),
        ("nonsense", "172.18.0.2"),
        ("203.0.113.9, nonsense, 172.18.0.7", "172.18.0.7"),
        ("172.18.0.7", "172.18.0.7"),
    ],
)
def test_the_client_is_the_last_address_that_no_proxy_of_ours_has(chain, client):
    assert find_client(chain.split(","), "172.18.0.2", TRAEFIK) == client


@pytest.mark.parametrize(
    ("peer", "address", "is_secure"),
    [("172.18.0.2", "203.0.113.9", True), ("192.0.2.1", "192.0.2.1", False), ("", "", False)],
)
def test_headers_count_only_when_a_trusted_proxy_sends_them(peer, address, is_secure, rf, settings):
    settings.OOB_TRUSTED_PROXIES = TRAEFIK
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    seen = []
    request = rf.get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR="203.0.113.9", HTTP_X_FORWARDED_PROTO="https")
    TrustedProxiesMiddleware(lambda request: seen.append(request) or HttpResponse())(request)
    assert (seen[0].META["REMOTE_ADDR"], seen[0].is_secure()) == (address, is_secure)


def test_nobody_is_trusted_who_is_not_named(rf, settings):
    settings.OOB_TRUSTED_PROXIES = []
    request = rf.get("/", REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.9")
    TrustedProxiesMiddleware(lambda _request: HttpResponse())(request)
    assert request.META["REMOTE_ADDR"] == "127.0.0.1"
    assert "HTTP_X_FORWARDED_FOR" not in request.META
