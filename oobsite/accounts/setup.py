"""The first user: a link that works once, for a day, and only as long as there is no owner.

Only the hash of the token is kept, so a lost link cannot be shown again; a new one replaces it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.urls import reverse

from oobsite.accounts.models import User
from oobsite.keys import replace_key

TOKEN_NAME = "setup.token"  # noqa: S105 - the name of a file
VALID_FOR = timedelta(hours=24)


def has_owner() -> bool:
    return User.objects.filter(is_superuser=True).exists()


def create_setup_link(data_dir: Path, now: datetime) -> str | None:
    """Make a link for the first user, which ends the validity of earlier ones; None when there is a user."""
    if has_owner():
        return None
    token = secrets.token_urlsafe(32)
    content = {"sha256": _digest(token), "created_at": now.isoformat()}
    replace_key(data_dir / TOKEN_NAME, json.dumps(content))
    return settings.OOB_URL.rstrip("/") + reverse("accounts:setup", args=[token])


def is_valid_token(data_dir: Path, token: str, now: datetime) -> bool:
    """Whether ``token`` may still make the first user."""
    try:
        content = json.loads((data_dir / TOKEN_NAME).read_text(encoding="utf-8"))
        age = now - datetime.fromisoformat(content["created_at"])
        is_same = hmac.compare_digest(str(content["sha256"]), _digest(token))
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return is_same and timedelta(0) <= age <= VALID_FOR and not has_owner()


def take_token(data_dir: Path) -> bool:
    """Use the token up. Of two who try at the same time one gets True."""
    try:
        (data_dir / TOKEN_NAME).unlink()
    except FileNotFoundError:
        return False
    return True


def create_owner(user: User) -> User:
    """Store the first user: an owner, who may do everything."""
    user.role = User.Role.OWNER
    user.save()
    return user


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
