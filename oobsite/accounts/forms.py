from __future__ import annotations

from typing import Any

from allauth.account import forms as account_forms
from allauth.core import context
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as mfa_forms
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp_forms
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY, generate_totp_secret
from django import forms
from django.contrib.auth.forms import UserCreationForm
from django.contrib.sessions.backends.base import SessionBase
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from oobsite import crypto
from oobsite.accounts.lockout import take_attempt
from oobsite.accounts.models import User

#: Longer than a code is valid, with the one before and the one after it.
_USED_CODE_SECONDS = 120
_APP_CODE_LENGTH = 6
_PENDING_KEY = "totp_pending"


class OwnerForm(UserCreationForm):  # type: ignore[type-arg]
    """Name, user name and password of the first user."""

    name = forms.CharField(
        label=_("Your name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True})
    )
    field_order = ("name", "username", "password1", "password2")

    class Meta:
        model = User
        fields = ("username",)

    def _post_clean(self) -> None:
        """The name stands before the password is judged: it must not look like it."""
        first, _space, last = self.cleaned_data.get("name", "").rpartition(" ")
        self.instance.first_name, self.instance.last_name = first, last
        super()._post_clean()  # type: ignore[misc]


class _Plain:
    """Labels instead of placeholders; the first field is ready for typing."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
        next(iter(self.fields.values())).widget.attrs["autofocus"] = True


class LoginForm(_Plain, account_forms.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("User name")
        self.fields["login"].widget.attrs["autocapitalize"] = "none"


class ReauthenticateForm(_Plain, account_forms.ReauthenticateForm):
    pass


class ChangePasswordForm(_Plain, account_forms.ChangePasswordForm):
    def clean_oldpassword(self) -> str:
        """Guessing the password at a screen that somebody has left open counts too."""
        attempt = take_attempt(context.request, self.user.get_username())
        password: str = super().clean_oldpassword()
        attempt.release()
        return password


class _CodeField(_Plain):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("Code")
        self.fields["code"].widget.attrs["spellcheck"] = "false"


class _CountedCode(_CodeField):
    """A code is taken once, and failures count towards the lock."""

    user: User
    authenticator: Authenticator
    cleaned_data: dict[str, Any]

    def clean_code(self) -> str:
        attempt = take_attempt(context.request, self.user.get_username())
        try:
            code: str = super().clean_code()  # type: ignore[misc]
        except forms.ValidationError:
            raise get_adapter().validation_error(self._failure()) from None
        if not self._use_up(code):
            raise get_adapter().validation_error("incorrect_code")
        attempt.release()
        return code

    def _failure(self) -> str:
        """Codes of the app have six digits; what is longer was meant as a recovery code."""
        is_short = len(normalize_user_code(self.cleaned_data["code"])) <= _APP_CODE_LENGTH
        return "incorrect_code" if is_short else "incorrect_recovery_code"

    def _use_up(self, code: str) -> bool:
        if self.authenticator.type != Authenticator.Type.TOTP:
            return True  # recovery codes are crossed out in the database
        key = f"used-code:{self.user.pk}:{normalize_user_code(code)}"
        return cache.add(key, True, _USED_CODE_SECONDS)


class AuthenticateForm(_CountedCode, mfa_forms.AuthenticateForm):
    pass


class ReauthenticateCodeForm(_CountedCode, mfa_forms.ReauthenticateForm):
    pass


class ActivateTotpForm(_CodeField, totp_forms.ActivateTOTPForm):
    """One secret until it is confirmed, so that a page loaded anew shows what the phone has; encrypted in between."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["inputmode"] = "numeric"
        session = context.request.session
        self.secret = self._pending_secret(session) or self._make_secret()
        session.pop(SECRET_SESSION_KEY, None)

    def _pending_secret(self, session: SessionBase) -> str:
        """What the page has shown before; empty when it has not, or the key was rotated since."""
        try:
            return crypto.decrypt(session.get(_PENDING_KEY, ""))
        except crypto.SecretUnreadableError:
            return ""

    def _make_secret(self) -> str:
        secret: str = generate_totp_secret()
        context.request.session[_PENDING_KEY] = crypto.encrypt(secret)
        return secret


def forget_pending_secret(request: HttpRequest) -> None:
    """The secret is confirmed and stored with the user: the session needs it no longer."""
    request.session.pop(_PENDING_KEY, None)
