"""One plain mail through one SMTP server, with every refusal as an error of its own."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from ipaddress import ip_address

from oobsite.alerts.domain.deadline import SECONDS, within
from oobsite.alerts.domain.errors import (
    MailAddressInvalidError,
    MailLoginRefusedError,
    MailRefusedError,
    PlainPasswordError,
    RecipientsRefusedError,
    SenderRefusedError,
    ServerLostError,
    SomeRecipientsRefusedError,
    StarttlsMissingError,
)
from oobsite.alerts.domain.login import log_in
from oobsite.alerts.domain.network import named

DEFAULT_PORTS = {"none": 25, "starttls": 587, "tls": 465}
_LONGEST_SUBJECT = 200


@dataclass(frozen=True)
class MailServer:
    """``security``: none, starttls or tls. Without a ``user`` there is no login."""

    host: str
    port: int
    security: str
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class Letter:
    """A mail as plain text."""

    recipients: tuple[str, ...]
    subject: str
    text: str
    sent_at: datetime


def is_loopback(host: str) -> bool:
    """Whether what goes to ``host`` stays on this machine."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def send_mail(server: MailServer, letter: Letter, *, seconds: float = SECONDS) -> None:
    """Hand a mail to the server. Raises ``DeliveryError``; within ``seconds`` it is decided."""
    message = make_message(server.sender, letter)
    if server.user and server.security == "none" and not is_loopback(server.host):
        raise PlainPasswordError(server.host)
    deliver(server, message, seconds=seconds)


def deliver(server: MailServer, message: EmailMessage, *, seconds: float = SECONDS) -> None:
    """Hand a message to the server, for those whom its ``To`` names. Raises ``DeliveryError``."""
    within(server.host, lambda: _talk(server, message, seconds), seconds)


def make_message(sender: str, letter: Letter) -> EmailMessage:
    """The mail with its headers, in which no text begins another one. Raises ``MailAddressInvalidError``."""
    message = EmailMessage()
    message["From"] = mail_address(sender)
    message["To"] = [mail_address(name) for name in letter.recipients]
    message["Subject"] = " ".join(letter.subject.split())[:_LONGEST_SUBJECT]
    message["Date"] = format_datetime(letter.sent_at)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # so that no out-of-office note answers it
    message.set_content(letter.text)
    return message


def mail_address(name: str, shown_name: str = "") -> Address:
    """For a header. Raises ``MailAddressInvalidError``."""
    try:
        found = Address(shown_name, addr_spec=name.strip())
        found.domain.encode("ascii")
    except (HeaderParseError, ValueError, IndexError):
        raise MailAddressInvalidError(name) from None
    if not (found.username and found.domain) or any(part.isspace() or not part.isprintable() for part in name.strip()):
        raise MailAddressInvalidError(name)
    return found


def _talk(server: MailServer, message: EmailMessage, seconds: float) -> None:
    recipients = [one.addr_spec for one in message["To"].addresses]
    with named(server.host, server.port, seconds), _refusals(server), _connection(server, seconds) as smtp:
        if server.user:
            log_in(smtp, server.user, server.password)
        refused = smtp.send_message(message, server.sender, recipients)
        if refused:
            raise SomeRecipientsRefusedError(server.host, sorted(refused))


@contextmanager
def _connection(server: MailServer, seconds: float) -> Iterator[smtplib.SMTP]:
    """An open connection, with its certificate checked; said goodbye to when all went well, else just closed."""
    context = ssl.create_default_context()
    if server.security == "tls":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=seconds, context=context)
    else:
        smtp = smtplib.SMTP(server.host, server.port, timeout=seconds)
    try:
        if server.security == "starttls":
            _start_tls(smtp, server, context)
        yield smtp
        with suppress(smtplib.SMTPException, OSError):  # the mail has been taken
            smtp.quit()
    finally:
        smtp.close()


def _start_tls(smtp: smtplib.SMTP, server: MailServer, context: ssl.SSLContext) -> None:
    smtp.ehlo_or_helo_if_needed()
    if not smtp.has_extn("starttls"):
        raise StarttlsMissingError(server.host)
    smtp.starttls(context=context)


@contextmanager
def _refusals(server: MailServer) -> Iterator[None]:
    """Turn what the server says into our errors; its own text is left out: it may quote what was sent."""
    host = server.host
    try:
        yield
    except smtplib.SMTPSenderRefused as error:
        raise SenderRefusedError(host, server.sender) from error
    except smtplib.SMTPRecipientsRefused as error:
        raise RecipientsRefusedError(host, sorted(error.recipients)) from error
    except smtplib.SMTPAuthenticationError as error:
        raise MailLoginRefusedError(host, server.user) from error
    except smtplib.SMTPServerDisconnected as error:
        raise ServerLostError(host) from error
    except UnicodeEncodeError as error:  # bytes of the environment that are no UTF-8
        raise MailLoginRefusedError(host, server.user) from error
    except smtplib.SMTPNotSupportedError as error:  # no login is offered, or no way that we know
        raise MailLoginRefusedError(host, server.user) from error
    except smtplib.SMTPResponseException as error:
        raise MailRefusedError(host, error.smtp_code) from error
    except smtplib.SMTPException as error:
        raise MailRefusedError(host, 0) from error
