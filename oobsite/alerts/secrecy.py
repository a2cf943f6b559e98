"""Nothing secret leaves by an alert: parameters pass through here when they come, texts when they go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings

from backups.models import BackupSchedule
from oobsite.alerts.models import AlertChannel, MailSettings
from oobsite.audit.secrecy import HIDDEN, is_secret_name
from oobsite.errors import OobError, Param, printable
from oobsite.fields import Secret
from oobsite.reports import SHORTEST_SECRET, known_secrets

_LONGEST = 120
_MOST_ITEMS = 20
#: Other parts that keep a secret.
_others: list[Callable[[], Secret]] = []


def offer_secret(find: Callable[[], Secret]) -> None:
    """Let no alert hold the secret that ``find`` gives."""
    if find not in _others:
        _others.append(find)


def clean_params(params: Mapping[str, Any]) -> dict[str, Param]:
    """What may be stored of ``params``: figures and short texts, none of them secret."""
    return {str(name): HIDDEN if is_secret_name(str(name)) else _clean(value) for name, value in params.items()}


def _clean(value: Any) -> Param:
    if value is None or isinstance(value, int) or (isinstance(value, float) and isfinite(value)):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean_text(item) for item in list(value)[:_MOST_ITEMS]]
    return _clean_text(value)


def _clean_text(value: Any) -> str:
    text = " ".join(printable(hide_known(str(value))).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def hide_known(text: str) -> str:
    """Black out every secret that this installation knows."""
    for secret in sorted({*known_secrets(), *_own_secrets()}, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def _own_secrets() -> list[str]:
    """Addresses with their passwords, the password of the mail server, and what other parts keep."""
    stored = [MailSettings.load().password, *AlertChannel.objects.values_list("url", flat=True)]
    stored += BackupSchedule.objects.values_list("heartbeat_url", flat=True)
    stored += [find() for find in _others]
    texts = [settings.OOB_SMTP_PASSWORD, *(_reveal(secret) for secret in stored)]
    return [part for text in texts for part in (text, *_passwords_of(text)) if len(part) >= SHORTEST_SECRET]


def _reveal(secret: Secret) -> str:
    try:
        return secret.reveal()
    except OobError:
        return ""  # what no key opens is in no text either


def _passwords_of(url: str) -> list[str]:
    try:
        password = urlsplit(url).password or ""
    except ValueError:
        return []
    return [password, unquote(password)]
