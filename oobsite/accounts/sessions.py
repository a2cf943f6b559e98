"""The list of sessions, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from allauth.usersessions.models import UserSession
from django.utils.translation import gettext as _

#: What browsers call themselves, the particular ones first: Edge calls itself Chrome too, Chrome calls itself Safari.
_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True)
class SessionRow:
    """A session as the user sees it."""

    pk: int
    device: str
    address: str
    last_seen_at: datetime
    is_current: bool


def describe_session(session: UserSession, current_key: str | None) -> SessionRow:
    return SessionRow(
        pk=session.pk,
        device=device_words(session.user_agent),
        address=session.ip,
        last_seen_at=session.last_seen_at,
        is_current=session.session_key == current_key,
    )


def device_words(user_agent: str) -> str:
    """``Firefox on Windows``; what cannot be told is not guessed."""
    browser, system = _find(_BROWSERS, user_agent), _find(_SYSTEMS, user_agent)
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Unknown device")


def _find(names: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for mark, name in names if mark in user_agent), "")
