"""What is done to users beside changing their rows."""

from __future__ import annotations

from oobsite.accounts.actors import Actor
from oobsite.accounts.lockout import forget_attempts, locked_until
from oobsite.accounts.models import User
from oobsite.audit.services import record


def lift_lock(actor: Actor, user: User) -> bool:
    """Let ``user`` try again at once; False when he was not locked after failures."""
    actor.require("accounts.change_user")
    was_locked = locked_until(user.get_username()) is not None
    if was_locked:
        record(actor, "login.unlocked", user)
    forget_attempts(user.get_username())
    return was_locked
