"""Logins, log-outs, second factors become events."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed, authenticator_added, authenticator_removed, authenticator_reset
from allauth.mfa.signals import authenticator_used as factor_used
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from oobsite.accounts.actors import Actor
from oobsite.accounts.models import User
from oobsite.audit.chain import JSON
from oobsite.audit.services import record

_MARK_LENGTH = 4
RECOVERY_CODES = Authenticator.Type.RECOVERY_CODES


def connect() -> None:
    """Called once, when the apps are ready."""
    receivers = {
        user_logged_in: _logged_in,
        user_logged_out: _logged_out,
        user_login_failed: _login_failed,
        authenticator_added: _factor_added,
        authenticator_removed: _factor_removed,
        authenticator_reset: _factor_reset,
        factor_used: _factor_used,
        authentication_failed: _factor_failed,
    }
    for signal, receiver in receivers.items():
        signal.connect(receiver, dispatch_uid=f"oobsite.audit.{receiver.__name__}")


def _logged_in(request: HttpRequest | None, user: User, **_signal: Any) -> None:
    record(_actor(request, user), "login.done", user)


def _logged_out(request: HttpRequest | None, user: User | None, **_signal: Any) -> None:
    if user is not None:
        record(_actor(request, user), "logout.done", user)


def _login_failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_signal: Any) -> None:
    """Only a name that exists is kept: what was typed may be a password in the wrong field.

    Who is locked out is refused before his password is looked at, so there is none among the credentials.
    """
    typed = str(credentials.get("username") or credentials.get("email") or "")
    action = "login.failed" if "password" in credentials else "login.locked"
    user = User.objects.filter(username__iexact=typed).first()
    details: dict[str, JSON] = {} if user else {"unknown_name": name_mark(typed)}
    if user is not None and request is not None and getattr(request, "user", None) == user:
        record(_actor(request, user), "login.unconfirmed" if action == "login.failed" else action, user)
    else:
        record(Actor("", ip=_address(request)), action, user, details)


def name_mark(typed: str) -> str:
    """Four letters by which one sees that the same was typed again, and from which nobody finds out what."""
    return salted_hmac("oobsite.audit.name", typed, algorithm="sha256").hexdigest()[:_MARK_LENGTH]


def _factor_added(request: HttpRequest, user: User, authenticator: Authenticator, **_signal: Any) -> None:
    _record_factor(request, "factor.added", user, authenticator)


def _factor_removed(request: HttpRequest, user: User, authenticator: Authenticator, **_signal: Any) -> None:
    """``user`` is who removes it, not always whose it was."""
    _record_factor(request, "factor.removed", user, authenticator)


def _factor_reset(request: HttpRequest, user: User, authenticator: Authenticator, **_signal: Any) -> None:
    _record_factor(request, "factor.renewed", user, authenticator)


def _factor_used(request: HttpRequest, user: User, authenticator: Authenticator, **_signal: Any) -> None:
    """A code of the phone is part of every login; a recovery code is rare, and one fewer."""
    if authenticator.type == RECOVERY_CODES:
        _record_factor(request, "factor.used", user, authenticator)


def _factor_failed(request: HttpRequest, user: User, reauthentication: bool = False, **_signal: Any) -> None:
    """Who confirms that it is he is logged in; who logs in is nobody yet."""
    actor = _actor(request, user) if reauthentication else Actor("", ip=_address(request))
    record(actor, "factor.failed", user)


def _record_factor(request: HttpRequest, action: str, user: User, authenticator: Authenticator) -> None:
    record(_actor(request, user), action, authenticator.user, {"factor": str(authenticator.type)})


def _actor(request: HttpRequest | None, user: User) -> Actor:
    return Actor(user.username, user, _address(request))


def _address(request: HttpRequest | None) -> str | None:
    return request.META.get("REMOTE_ADDR") if request is not None else None
