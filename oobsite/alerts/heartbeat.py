"""Signs of life to a service that raises the alarm when they stop (Healthchecks and the like). No Django here."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Sequence
from typing import IO, Literal
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from oobsite.alerts.domain.deadline import SECONDS, within
from oobsite.alerts.domain.errors import (
    HttpStatusError,
    PlainPasswordError,
    PushAddressInvalidError,
    ServerLostError,
)
from oobsite.alerts.domain.mail import is_loopback
from oobsite.alerts.domain.network import named

Event = Literal["start", "success", "fail"]
MOST_LOG_BYTES = 10_000
HIDDEN = "●●●"
_PORTS = {"http": 80, "https": 443}
_PATHS: dict[Event, str] = {"start": "/start", "success": "", "fail": "/fail"}


class _SameKindOnly(urllib.request.HTTPRedirectHandler):
    """Follows to another page, and from http to https; to nothing else."""

    def http_error_302(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage
    ) -> object:
        target = urlsplit(headers.get("location", "")).scheme  # none: on the same server
        if target not in ("", "https", req.type):
            fp.close()
            raise HttpStatusError(req.host, code)
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def ping(url: str, event: Event, log_tail: str = "", *, secrets: Sequence[str] = (), seconds: float = SECONDS) -> None:
    """Tell ``url`` that a job starts, has succeeded or has failed, with the end of its log (10 kB at most).

    ``secrets`` are blacked out in the log. Raises ``DeliveryError``, whose facts hold the host and never the address.
    """
    parts = check_url(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    request = _make_request(parts, event, _tail(log_tail, secrets))
    within(host, lambda: _send(request, host, port, seconds), seconds)


def _make_request(parts: SplitResult, event: Event, body: bytes) -> urllib.request.Request:
    """A name and a password in the address become a login, which goes nowhere else when the service leads us on."""
    path, server = parts.path.rstrip("/") + _PATHS[event], parts.netloc.rpartition("@")[2]
    address = urlunsplit(parts._replace(netloc=server, path=path, fragment=""))
    request = urllib.request.Request(address, body, {"User-Agent": "oobsite"})  # noqa: S310 - http or https: check_url
    if _has_login(parts):
        login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}".encode()
        request.add_unredirected_header("Authorization", f"Basic {b64encode(login).decode()}")
    return request


def _has_login(parts: SplitResult) -> bool:
    return bool(parts.username or parts.password)


def check_url(url: str) -> SplitResult:
    """The parts of an address that begins with http:// or https://.

    Raises ``PushAddressInvalidError``; ``PlainPasswordError`` when a password in it would cross a network unencrypted.
    """
    text = url.strip()
    try:
        parts = urlsplit(text)
        is_good = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or not text.isascii() or not text.isprintable() or " " in text:
        raise PushAddressInvalidError
    if _has_login(parts) and parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise PlainPasswordError(parts.hostname or "")
    return parts


def _send(request: urllib.request.Request, host: str, port: int, seconds: float) -> None:
    opener = urllib.request.OpenerDirector()
    handlers = (urllib.request.ProxyHandler, urllib.request.HTTPHandler, urllib.request.HTTPSHandler, _SameKindOnly)
    for handler in (*handlers, urllib.request.HTTPErrorProcessor, urllib.request.HTTPDefaultErrorHandler):
        opener.add_handler(handler())
    with named(host, port, seconds):
        try:
            opener.open(request, timeout=seconds).close()
        except urllib.error.HTTPError as error:
            error.close()
            raise HttpStatusError(host, error.code) from None
        except urllib.error.URLError as error:
            raise (error.reason if isinstance(error.reason, OSError) else ServerLostError(host)) from None
        except (http.client.HTTPException, ValueError):
            raise ServerLostError(host) from None


def _tail(log: str, secrets: Sequence[str]) -> bytes:
    for secret in secrets:
        log = log.replace(secret, HIDDEN)
    clean = "".join(sign for sign in log if sign.isprintable() or sign in "\n\t")
    return clean.encode("utf-8", "replace")[-MOST_LOG_BYTES:].decode("utf-8", "ignore").encode()
