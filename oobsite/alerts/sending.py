"""One message to one channel, now."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.utils import timezone

from oobsite.alerts.composing import Message, compose
from oobsite.alerts.domain.errors import MailNotSetError
from oobsite.alerts.domain.mail import DEFAULT_PORTS, Letter, MailServer, send_mail
from oobsite.alerts.domain.push import Push, send_push
from oobsite.alerts.models import Alert, AlertChannel, Event, MailSettings, Occasion

#: Other parts that may know a mail server, asked in order.
_others: list[Callable[[], MailServer | None]] = []


def offer_mail_server(find: Callable[[], MailServer | None]) -> None:
    """Let alerts be sent through the server that ``find`` gives, while none was set for them."""
    if find not in _others:
        _others.append(find)


def mail_server() -> MailServer:
    """The server of the screen, else of the environment, else of another part that has one.

    Raises ``MailNotSetError``, ``SecretUnreadableError``.
    """
    stored = MailSettings.load()
    if stored.host:
        return _server(stored.host, stored.port, stored.security, stored.sender, stored.user, stored.password.reveal())
    if settings.OOB_SMTP_HOST:
        return _server(
            settings.OOB_SMTP_HOST,
            settings.OOB_SMTP_PORT,
            settings.OOB_SMTP_SECURITY,
            settings.OOB_SMTP_FROM,
            settings.OOB_SMTP_USER,
            settings.OOB_SMTP_PASSWORD,
        )
    offered = offered_servers()
    if not offered:
        raise MailNotSetError
    return offered[0]


def offered_servers() -> list[MailServer]:
    """Those of the other parts."""
    return [server for server in (find() for find in _others) if server is not None]


def _server(host: str, port: int | None, security: str, sender: str, user: str, password: str) -> MailServer:
    return MailServer(
        host=host,
        port=port or DEFAULT_PORTS[security],
        security=security,
        sender=sender or (user if "@" in user else f"oobsite@{host}"),
        user=user,
        password=password,
    )


def send(channel: AlertChannel, message: Message) -> None:
    """Raises ``OobError`` when it was not delivered; within ten seconds it is decided."""
    if channel.kind == AlertChannel.Kind.MAIL:
        now = timezone.localtime()
        send_mail(mail_server(), Letter(channel.recipients, message.subject, message.text, now))
    else:
        send_push(channel.url.reveal(), Push(message.subject, message.text, message.level))


def make_test(channel: AlertChannel) -> Message:
    """What the test button sends."""
    params = {"channel": channel.name}
    alert = Alert(code="test", level=Alert.Level.INFO, event=Event.SUCCESS, params=params)
    return compose(alert, Occasion.ALERT)
