from __future__ import annotations

from collections.abc import Iterable

from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession

from oobsite.audit.acting import current_actor
from oobsite.audit.services import record


class SessionsAdapter(DefaultUserSessionsAdapter):  # type: ignore[misc] # allauth ships no types
    """Ends sessions, and records whose, from where, by whom."""

    def end_sessions(self, sessions: Iterable[UserSession]) -> None:
        ended = list(sessions)
        super().end_sessions(ended)
        for session in ended:
            record(current_actor(), "session.ended", session.user, {"address": str(session.ip)})
