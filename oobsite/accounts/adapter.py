"""How allauth works here: no signup, our lock-out, redirects to our own pages only, encrypted second factors."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from oobsite import crypto
from oobsite.accounts.lockout import Attempt, take_attempt
from oobsite.accounts.reauth import is_login_recent


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": _("User name or password is wrong."),
        "incorrect_password": _("The password is wrong."),
        "enter_current_password": _("The password is wrong."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str) -> bool:
        """Only paths of this site: hosts that we may be called by are not all ours."""
        return url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        return not is_login_recent(self.request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count before the password is looked at; a locked user's password is not looked at."""
        self._attempt: Attempt = take_attempt(request, credentials.get("username", ""))

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """A user who is switched off gets the same answer as one who does not exist."""
        user: AbstractBaseUser | None = super().authenticate(request, **credentials)
        if user is None or not user.is_active:
            return None
        self._attempt.release()
        return user


class MfaAdapter(DefaultMFAAdapter):
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This code is wrong or was used before. Wait for the next one and try again."),
        "incorrect_recovery_code": _(
            "This recovery code is wrong or was used before. Each works once: take another one from your list."
        ),
    }

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        return user.get_username()

    def encrypt(self, text: str) -> str:
        return crypto.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return crypto.decrypt(encrypted_text)
