"""The secret part of the calendar's address: whoever knows it sees which certificates end when, without a login."""

from __future__ import annotations

import secrets

from django.db import transaction

from certs.models import CalendarAddress
from oobsite.accounts.actors import Actor
from oobsite.audit.services import record

_ROW = 1
_BYTES = 30


def calendar_token() -> str:
    """Empty as long as nobody has wanted a calendar. Raises ``SecretUnreadableError``."""
    address = CalendarAddress.objects.filter(pk=_ROW).first()
    return str(address.token.reveal()) if address else ""


def renew_calendar(actor: Actor) -> None:
    """The first address, or another one; who knows the one before sees nothing any more. Raises ``NotAllowedError``."""
    actor.require("certs.change_certificate")
    with transaction.atomic():
        CalendarAddress.objects.update_or_create(pk=_ROW, defaults={"token": secrets.token_urlsafe(_BYTES)})
        record(actor, "certificate.calendar-renewed")
