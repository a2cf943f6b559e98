"""Who does something: a user at a screen, or the system user as which commands and the worker act."""

from __future__ import annotations

import getpass
import socket
from dataclasses import dataclass

from django.http import HttpRequest

from oobsite.accounts.errors import NotAllowedError
from oobsite.accounts.models import User


@dataclass(frozen=True)
class Actor:
    """``name`` is what the audit shows; without a ``user`` it is the system user, who may do everything."""

    name: str
    user: User | None = None
    ip: str | None = None

    def require(self, permission: str) -> None:
        """Raise ``NotAllowedError`` unless the actor has ``permission``, such as ``backups.prove_backuparchive``."""
        if self.user is not None and not self.user.has_perm(permission):
            raise NotAllowedError(self.name, permission)


def actor_of(request: HttpRequest) -> Actor:
    """The user of a request, with the address from which it came."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - doors let nobody in who has not logged in
    return Actor(user.username, user, request.META.get("REMOTE_ADDR"))


def user_actor(user: User) -> Actor:
    """A user on whose behalf the worker acts."""
    return Actor(user.username, user)


def system_actor() -> Actor:
    """Who starts commands has the server's own rights: he is named, and may do everything."""
    return Actor(f"{_login_name()}@{socket.gethostname()}")


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a uid without a name, as in containers
        return "system"
