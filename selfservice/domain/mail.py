"""The confirmation mail, made and sent as Webelexis does it (``mailmaker`` of 3.3.5 and 3.9)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from oobsite.alerts.domain.mail import MailServer, deliver, mail_address

SECONDS = 30.0
#: The length of the appointment in the attachment, whatever the slot.
MINUTES = 20
_WEEKDAYS = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag")
_LONGEST_LINE = 74  # octets of a calendar line, RFC 5545


@dataclass(frozen=True)
class Sender:
    """The mail server and whom the mail comes from."""

    name: str
    mail: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)

    @property
    def domain(self) -> str:
        return self.mail.rpartition("@")[2]


@dataclass(frozen=True)
class Appointment:
    """``starts_at`` in the practice's time zone."""

    starts_at: datetime
    place: str


def confirmation_text(template: str, starts_at: datetime) -> str:
    """The first ``{*}`` replaced as Webelexis does: ``Montag, 07.12.2026, 08:00``."""
    day = f"{_WEEKDAYS[starts_at.weekday()]}, {starts_at:%d.%m.%Y, %H:%M}"
    return template.replace("{*}", day, 1)


def confirmation_mail(
    sender: Sender, recipient: str, *, template: str, appointment: Appointment, sent_at: datetime
) -> EmailMessage:
    """The mail with its ICS attachment. Raises ``MailAddressInvalidError``."""
    name = " ".join(sender.name.split())  # no line break begins another header
    message = EmailMessage()
    message["From"] = mail_address(sender.mail, name)
    message["To"] = [mail_address(recipient)]
    message["Subject"] = f"Terminbestätigung {name}"
    message["Date"] = format_datetime(sent_at)
    message["Message-ID"] = make_msgid(domain=sender.domain)
    message.set_content(confirmation_text(template, appointment.starts_at))
    calendar = calendar_file(sender, appointment, sent_at=sent_at)
    kind = {"charset": "utf-8", "method": "PUBLISH"}
    message.add_attachment(calendar, maintype="text", subtype="calendar", filename="termin.ics", params=kind)
    return message


def calendar_file(sender: Sender, appointment: Appointment, *, sent_at: datetime) -> bytes:
    """The appointment for the patient's calendar."""
    begin = appointment.starts_at.astimezone(UTC)
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:-//{_escaped(sender.name)}//Terminvereinbarung//DE",
        "METHOD:PUBLISH",
        "NAME:Arzttermin",
        "X-WR-CALNAME:Arzttermin",
        "BEGIN:VEVENT",
        f"UID:{make_msgid(domain=sender.domain).strip('<>')}",
        f"DTSTAMP:{sent_at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART:{begin:%Y%m%dT%H%M%SZ}",
        f"DTEND:{begin + timedelta(minutes=MINUTES):%Y%m%dT%H%M%SZ}",
        f"LOCATION:{_escaped(appointment.place)}",
        f"DESCRIPTION:{_escaped(f'Arzttermin {sender.name}')}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(_folded(line) + "\r\n" for line in lines).encode()


def _escaped(text: str) -> str:
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return "\\n".join(text.splitlines())


def _folded(line: str) -> str:
    """A long line goes on in the next one, behind a blank; no sign is cut in two."""
    parts, length = [""], 0
    for sign in line:
        length += len(sign.encode())
        if length > _LONGEST_LINE:
            parts.append(" ")
            length = 1 + len(sign.encode())
        parts[-1] += sign
    return "\r\n".join(parts)


def send_test(sender: Sender, message: EmailMessage, *, seconds: float = SECONDS) -> None:
    """Hand it to the server by TLS from the first byte, certificate checked, logged in.

    Raises the ``DeliveryError`` of ``oobsite.alerts.domain.errors``; within ``seconds`` it is decided.
    """
    server = MailServer(sender.host, sender.port, "tls", sender.mail, sender.user, sender.password)
    deliver(server, message, seconds=seconds)
