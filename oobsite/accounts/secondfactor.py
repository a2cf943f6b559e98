"""The second factor: who needs one, who has one."""

from __future__ import annotations

from datetime import timedelta

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from oobsite.accounts.actors import Actor
from oobsite.accounts.models import User
from oobsite.audit.services import record

REQUIRED_FOR = (User.Role.OWNER, User.Role.CARE)


def has_second_factor(user: User) -> bool:
    return bool(is_mfa_enabled(user, [Authenticator.Type.TOTP]))


def must_set_up_second_factor(user: User) -> bool:
    """Whether ``user`` may see nothing before he has set up his second factor."""
    if user.role not in REQUIRED_FOR or has_second_factor(user):
        return False
    return timezone.now() >= user.date_joined + timedelta(hours=settings.OOB_SECOND_FACTOR_GRACE_HOURS)


def remove_second_factor(actor: Actor, user: User) -> bool:
    """Forget app and recovery codes of ``user``, who has lost them; False when there were none."""
    actor.require("accounts.change_user")
    with transaction.atomic():
        deleted, _rows = Authenticator.objects.filter(user=user).delete()
        if deleted:
            record(actor, "factor.removed", user)
    return bool(deleted)
