"""The lock after five failures: wrong passwords and wrong codes of a user count together, known user or not.

Each attempt takes one of a few slots in the shared cache before it is judged, so of a thousand at the same time no
more are judged than there are slots. A right answer gives its slot back; a complete login frees all of the user's.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.contrib.auth.signals import user_login_failed
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import ngettext

LOCK_SECONDS = 15 * 60
USER_ATTEMPTS = 5
#: Several people may work behind one address.
ADDRESS_ATTEMPTS = 25


@dataclass(frozen=True)
class Attempt:
    """The slots that an attempt has taken; they stay taken for ``LOCK_SECONDS`` unless they are released."""

    slots: Sequence[str]

    def release(self) -> None:
        cache.delete_many(self.slots)


def take_attempt(request: HttpRequest, name: str) -> Attempt:
    """Count an attempt of the user ``name``. Raises ``ValidationError`` with the time to wait when none is left.

    What is refused is told as a failed login without a password, for nobody has looked at one.
    """
    taken: list[str] = []
    for slots in (_address_slots(request), _user_slots(name)):
        slot = _take_one(slots)
        if slot is None:
            Attempt(taken).release()
            user_login_failed.send(sender=__name__, credentials={"username": name}, request=request)
            raise ValidationError(_sentence(_seconds_left(slots)), code="locked")
        taken.append(slot)
    return Attempt(taken)


def forget_attempts(name: str) -> None:
    """Free the slots of a user who has logged in completely."""
    cache.delete_many(_user_slots(name))


def locked_until(name: str) -> datetime | None:
    """When the lock of a user ends by itself; None when there is none."""
    ends: list[float] = list(cache.get_many(_user_slots(name)).values())
    return datetime.fromtimestamp(min(ends), UTC) if len(ends) == USER_ATTEMPTS else None


def _take_one(slots: Sequence[str]) -> str | None:
    used = cache.get_many(slots)
    until = time.time() + LOCK_SECONDS
    return next((slot for slot in slots if slot not in used and cache.add(slot, until, LOCK_SECONDS)), None)


def _seconds_left(slots: Sequence[str]) -> float:
    ends: list[float] = list(cache.get_many(slots).values())
    return min(ends, default=0) - time.time()


def _user_slots(name: str) -> list[str]:
    """Names that the login takes for the same one share their slots."""
    return _slots("user", name.strip().lower(), USER_ATTEMPTS)


def _address_slots(request: HttpRequest) -> list[str]:
    return _slots("address", request.META.get("REMOTE_ADDR", ""), ADDRESS_ATTEMPTS)


def _slots(kind: str, owner: str, count: int) -> list[str]:
    digest = hashlib.sha256(owner.encode("utf-8", "surrogatepass")).hexdigest()
    return [f"lockout:{kind}:{digest}:{number}" for number in range(count)]


def _sentence(seconds: float) -> str:
    minutes = max(1, math.ceil(seconds / 60))
    return ngettext(
        "Locked after too many failed attempts. Try again in %(minutes)d minute; until then the right answer is "
        "refused too.",
        "Locked after too many failed attempts. Try again in %(minutes)d minutes; until then the right answer is "
        "refused too.",
        minutes,
    ) % {"minutes": minutes}
