from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone, translation

from oobsite.accounts.models import User
from oobsite.accounts.secondfactor import must_set_up_second_factor
from oobsite.accounts.signals import LOGIN_AT_KEY

GetResponse = Callable[[HttpRequest], HttpResponseBase]

#: What a user needs to set up his second factor, or to give up.
SETUP_VIEWS = frozenset({"mfa_activate_totp", "account_reauthenticate", "account_logout", "admin:logout", "health"})
_SEEN_SECONDS = 60


class UserLanguageMiddleware:
    """Show the pages in the language that the user has chosen; stands after the authentication."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if isinstance(request.user, User) and request.user.language:
            translation.activate(request.user.language)
            request.LANGUAGE_CODE = translation.get_language()
        return self.get_response(request)


class SessionEndMiddleware:
    """A session ends when its time is over, however busy it is, and is listed until then."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated:
            if time.time() - request.session.get(LOGIN_AT_KEY, 0) > settings.SESSION_COOKIE_AGE:
                logout(request)
            elif not self._was_seen(request):
                UserSession.objects.create_from_request(request)
        return self.get_response(request)

    def _was_seen(self, request: HttpRequest) -> bool:
        """Whether the list is new enough: writing it at every request would be too much."""
        since = timezone.now() - timedelta(seconds=_SEEN_SECONDS)
        seen = UserSession.objects.filter(user_id=request.user.pk, last_seen_at__gt=since)
        return bool(seen.filter(session_key=request.session.session_key).exists())


class SecondFactorMiddleware:
    """Lead those who need a second factor and have none to its set-up, whatever page they ask for."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponseBase | None:
        match = request.resolver_match
        if match is None or match.view_name in SETUP_VIEWS or not isinstance(request.user, User):
            return None
        return redirect("mfa_activate_totp") if must_set_up_second_factor(request.user) else None
