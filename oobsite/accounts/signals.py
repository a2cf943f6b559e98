"""What a complete login, a logout and a new second factor leave behind."""

from __future__ import annotations

import time
from typing import Any

from allauth.usersessions.models import UserSession
from django.http import HttpRequest

from oobsite.accounts.lockout import forget_attempts
from oobsite.accounts.models import User

LOGIN_AT_KEY = "login_at"


def after_login(*, request: HttpRequest, user: User, **_signal: Any) -> None:
    request.session[LOGIN_AT_KEY] = time.time()
    forget_attempts(user.get_username())


def after_logout(*, request: HttpRequest, **_signal: Any) -> None:
    """Take the session off the list; Django sends this before it ends it."""
    if request.session.session_key:
        UserSession.objects.filter(session_key=request.session.session_key).delete()
