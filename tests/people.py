"""Users for tests, as the login wants them: with a second factor, and with the code that their phone would show."""

from __future__ import annotations

import time
from pathlib import Path

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher

from oobsite.accounts.models import User
from oobsite.accounts.signals import LOGIN_AT_KEY
from oobsite.crypto import decrypt
from oobsite.keys import create_field_keys

PASSWORD = "sieben-alte-Buchen"
PERIOD = 30


class QuickHasher(Argon2PasswordHasher):
    """As in real life, but without the third of a second that each password costs there."""

    time_cost = parallelism = 1
    memory_cost = 8


def make_user(role="owner", second_factor=True, **fields) -> User:
    """Somebody with ``PASSWORD``, and with app and recovery codes if ``second_factor``."""
    user = User.objects.create_user(**{"username": role, "password": PASSWORD, "role": role, **fields})
    if second_factor:
        create_field_keys(Path(settings.OOB_DATA_DIR))
        TOTP.activate(user, generate_totp_secret())
        RecoveryCodes.activate(user)
    return user


def code(user: User, later: int = 0) -> str:
    """What the app of ``user`` shows now, or ``later`` steps of half a minute from now."""
    secret = Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP).data["secret"]
    return code_of(decrypt(secret), later)


def code_of(secret: str, later: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // PERIOD + later))


def recovery_codes(user: User) -> list[str]:
    authenticator = Authenticator.objects.get(user=user, type=Authenticator.Type.RECOVERY_CODES)
    return authenticator.wrap().get_unused_codes()


def logged_in(client, role):
    """The client of somebody in ``role`` who reads English and has confirmed a moment ago who he is."""
    client.force_login(make_user(role, language="en"))
    session = client.session
    session[LOGIN_AT_KEY] = time.time()
    session.save()
    return client


def log_in(client, user: User, later: int = 0):
    """The whole way through the login pages; returns the last answer."""
    client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    return client.post("/accounts/login/code/", {"code": code(user, later)})
