"""A test mail, sent as Webelexis sends its confirmations; the worker has the network for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task

from oobsite.accounts.actors import Actor
from oobsite.alerts.domain.mail import MailServer, mail_address
from oobsite.audit.services import record
from oobsite.errors import Notice, OobError
from oobsite.fields import Secret
from selfservice.domain.mail import Appointment, Sender, confirmation_mail, send_test
from selfservice.domain.rules import validate
from selfservice.errors import (
    ConfirmationEmptyError,
    MailValueUnknownError,
    SelfServiceInvalidError,
    SelfServiceUnsetError,
)
from selfservice.models import SelfServiceSettings
from selfservice.services.comparing import values_of
from selfservice.services.results import note

SENT = "selfservice-mail-sent"
_NEEDED = ("name", "mail", "host", "port", "user", "password", "confirmation")


def alert_server() -> MailServer | None:
    """The mail server of the confirmations, for the alerts of the installation; None while it is not known."""
    row = SelfServiceSettings.load()
    if not row.is_stored or {"mail", "host", "port", "user", "password"} & {*row.expressions} or _broken(row):
        return None
    return MailServer(row.host, row.port, "tls", row.mail, row.user, row.password.reveal())


def stored_password() -> Secret:
    """For alerts, which must not hold it, whether or not they go through that server."""
    password: Secret = SelfServiceSettings.load().password
    return password


def request_mail(actor: Actor, address: str) -> None:
    """Let the worker send one. Raises ``NotAllowedError`` and as ``check_sendable``."""
    actor.require("selfservice.change_selfservicesettings")
    row = SelfServiceSettings.load()
    check_sendable(row)
    with transaction.atomic():
        record(actor, "selfservice.mail-tested", row, {"address": address})
        note(row.pk, "mail_result", Notice("", {"address": address}), is_open=True)
        async_task("selfservice.jobs.send_mail", address, cluster="quick")


def check_sendable(row: SelfServiceSettings) -> None:
    """Raises ``SelfServiceUnsetError``, ``MailValueUnknownError``, ``ConfirmationEmptyError``,
    ``SelfServiceInvalidError``.
    """
    if not row.is_stored:
        raise SelfServiceUnsetError
    unknown = [name for name in _NEEDED if name in row.expressions]
    if unknown:
        raise MailValueUnknownError(unknown)
    if not row.confirmation:
        raise ConfirmationEmptyError
    broken = _broken(row)
    if broken:
        raise SelfServiceInvalidError(broken)


def _broken(row: SelfServiceSettings) -> list[str]:
    """Fields that came from the file as no mail can have them, such as an address with a line break."""
    return [error.field for error in validate(values_of(row)) if error.field in ("name", "mail", "host")]


def send_mail(address: str) -> None:
    """Send it now; the row keeps what came of it.

    Raises ``MailAddressInvalidError``, and as ``check_sendable`` and ``send_test``.
    """
    row = SelfServiceSettings.load()
    try:
        mail_address(address)
        check_sendable(row)
        _send(row, address)
    except OobError as error:
        note(row.pk, "mail_result", error.notice)
        raise
    note(row.pk, "mail_result", Notice(SENT, {"address": address, "host": row.host}))


def _send(row: SelfServiceSettings, address: str) -> None:
    sender = Sender(row.name, row.mail, row.host, row.port, row.user, row.password.reveal())
    appointment = Appointment(next_appointment(timezone.localtime()), row.address)
    message = confirmation_mail(
        sender, address, template=row.confirmation, appointment=appointment, sent_at=timezone.now()
    )
    send_test(sender, message)


def next_appointment(now: datetime) -> datetime:
    """An example: the next Monday at eight, in the time zone of ``now``."""
    day = now + timedelta(days=7 - now.weekday())
    return day.replace(hour=8, minute=0, second=0, microsecond=0)
