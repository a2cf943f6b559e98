"""One message to one Apprise address: ntfy, webhook, Teams, Telegram and a hundred others.

Apprise answers yes or no and writes the reason to its log, where it may quote the address with its password. So the
log is read here, turned into one of our errors, and kept from everybody else.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from oobsite.alerts.domain.deadline import SECONDS, within
from oobsite.alerts.domain.errors import (
    CertificateRefusedError,
    DeliveryError,
    HostUnknownError,
    HttpStatusError,
    PushAddressInvalidError,
    PushRefusedError,
    ServerRefusesError,
    ServerSilentError,
)

KINDS = {"error": "failure", "warning": "warning", "info": "info", "success": "success"}
_STATUS = re.compile(r"error=(\d{3})\b")
_TLS = re.compile(r"CERTIFICATE_VERIFY_FAILED|SSLError|SSLCertVerification")
_DNS = re.compile(r"NameResolutionError|Name or service not known|Failed to resolve|No address associated")
#: Services that show a message on the machine of the backup itself, where nobody sees it.
_LOCAL = ("dbus", "kde", "qt", "glib", "gnome", "macosx", "syslog", "windows")
#: Their addresses name a host; those of others may begin with a token, so that errors name the service.
_WEBHOOKS = ("json", "jsons", "xml", "xmls", "form", "forms")


@dataclass(frozen=True)
class Push:
    """``level``: error, warning, info or success."""

    title: str
    text: str
    level: str


@cache
def _apprise() -> Any:
    """Loaded when it is needed, for it takes a tenth of a second; what it logs goes nowhere but here."""
    import apprise

    logger = logging.getLogger("apprise")
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    logger.addHandler(logging.NullHandler())
    return apprise


class _Lines(logging.Handler):
    """Keeps what is written by the thread that makes it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.thread = threading.get_ident()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self.thread:
            self.lines.append(record.getMessage())


def check_address(url: str) -> str:
    """The host that an address leads to, or the name of its service. Raises ``PushAddressInvalidError``."""
    return _host(_open(url))


def send_push(url: str, push: Push, *, seconds: float = SECONDS) -> None:
    """Hand a message to the service. Raises ``DeliveryError``; within ``seconds`` it is decided."""
    service = _open(url)
    service.socket_connect_timeout = service.socket_read_timeout = seconds
    within(_host(service), lambda: _notify(service, push, seconds), seconds)


def _open(url: str) -> Any:
    """The service of an address; it follows no redirection, which could lead anywhere."""
    schema = url.partition("://")[0].strip().lower()
    apprise = _apprise()
    asset = apprise.AppriseAsset(app_id="oobsite", http_redirects=False, secure_logging=True)
    service = None if schema in _LOCAL else apprise.Apprise.instantiate(url.strip(), asset=asset)
    if service is None:
        raise PushAddressInvalidError
    service.redirects = False
    return service


def _host(service: Any) -> str:
    return str(service.host if service.schema in _WEBHOOKS else service.service_name)


def _notify(service: Any, push: Push, seconds: float) -> None:
    with _read_log() as lines:
        is_sent = service.notify(body=push.text, title=push.title, notify_type=KINDS[push.level])
    if not is_sent:
        port = int(service.port or (443 if service.secure else 80))
        raise _judge(_host(service), port, "\n".join(lines), seconds)


@contextmanager
def _read_log() -> Iterator[list[str]]:
    """What Apprise writes meanwhile in this thread."""
    handler, logger = _Lines(), logging.getLogger("apprise")
    logger.addHandler(handler)
    try:
        yield handler.lines
    finally:
        logger.removeHandler(handler)


def _judge(host: str, port: int, log: str, seconds: float) -> DeliveryError:
    if found := _STATUS.search(log):
        return HttpStatusError(host, int(found[1]))
    if _DNS.search(log):
        return HostUnknownError(host)
    if "refused" in log:
        return ServerRefusesError(f"{host}:{port}")
    if "timed out" in log:
        return ServerSilentError(host, round(seconds))
    if _TLS.search(log):
        return CertificateRefusedError(host, "invalid")
    return PushRefusedError(host)
