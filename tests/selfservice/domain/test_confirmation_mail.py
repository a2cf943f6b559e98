"""The confirmation mail as a patient gets it, through a real server: it arrives, or the error says why not."""

from __future__ import annotations

import hmac
import socket
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.smtp import AuthResult
from messaging import PASSWORD, USER, Mailbox, authority, mail_server, make_authority  # noqa: F401 - a fixture

from oobsite.alerts.domain import errors
from selfservice.domain.mail import Appointment, Sender, calendar_file, confirmation_mail, confirmation_text, send_test

ZURICH = ZoneInfo("Europe/Zurich")
NOW = datetime(2026, 11, 28, 3, 15, tzinfo=ZURICH)
APPOINTMENT = Appointment(datetime(2026, 12, 7, 8, 0, tzinfo=ZURICH), "Seeweg 1, 8000 Zürich")
SENDER = Sender("Praxis „Zum Löwen“", "team@example.ch", "localhost", 465, USER, PASSWORD)
TEMPLATE = "Grüezi\nIhr Termin: {*}.\nBis bald {*}\n"


def letter(recipient="patient@example.ch", sender=SENDER):
    return confirmation_mail(sender, recipient, template=TEMPLATE, appointment=APPOINTMENT, sent_at=NOW)


def attempt(box, **values):
    """Send one through ``box``; the error, when there is one."""
    sender = replace(SENDER, port=box.port, **values)
    try:
        send_test(sender, letter(sender=sender), seconds=5)
    except errors.DeliveryError as error:
        assert PASSWORD not in f"{error} {error!r}"
        return error
    return None


@pytest.fixture
def box(authority):  # noqa: F811
    with mail_server("tls", authority.issue()) as served:
        yield served


def test_the_first_date_alone_is_filled_in():
    text = confirmation_text(TEMPLATE, APPOINTMENT.starts_at)
    assert text == "Grüezi\nIhr Termin: Montag, 07.12.2026, 08:00.\nBis bald {*}\n"


def test_the_mail_arrives_as_webelexis_sends_it(box):
    assert attempt(box) is None
    (mail,) = box.mails
    assert mail["From"] == "Praxis „Zum Löwen“ <team@example.ch>"
    assert mail["To"] == "patient@example.ch"
    assert mail["Subject"] == "Terminbestätigung Praxis „Zum Löwen“"
    text, calendar = mail.iter_parts()
    assert text.get_content().replace("\r\n", "\n") == confirmation_text(TEMPLATE, APPOINTMENT.starts_at)
    assert (calendar.get_content_type(), calendar.get_filename()) == ("text/calendar", "termin.ics")
    assert calendar.get_content_charset() == "utf-8"


def test_the_attachment_is_the_appointment(box):
    attempt(box)
    content = next(box.mails[0].iter_attachments()).get_payload(decode=True)
    lines = content.decode().replace("\r\n ", "").split("\r\n")
    assert {"BEGIN:VCALENDAR", "METHOD:PUBLISH", "DTSTART:20261207T070000Z", "DTEND:20261207T072000Z"} <= set(lines)
    assert "LOCATION:Seeweg 1\\, 8000 Zürich" in lines
    assert "DESCRIPTION:Arzttermin Praxis „Zum Löwen“" in lines


def test_no_line_of_the_attachment_is_too_long_and_no_text_begins_another():
    place = "Zürich 😀; " * 20 + "\r\nEND:VCALENDAR"
    lines = calendar_file(SENDER, replace(APPOINTMENT, place=place), sent_at=NOW).split(b"\r\n")
    assert max(len(line) for line in lines) <= 75
    assert lines.count(b"END:VCALENDAR") == 1
    assert b"Z\xc3\xbcrich \xf0\x9f\x98\x80\\; " in b"".join(line.removeprefix(b" ") for line in lines)


def test_no_name_begins_another_header():
    with pytest.raises(errors.MailAddressInvalidError):
        letter("patient@example.ch\nBcc: alle@example.ch")
    mail = letter(sender=replace(SENDER, name="Praxis\r\nBcc: alle@example.ch"))
    assert b"\nBcc" not in mail.as_bytes()


def test_a_host_that_does_not_exist(box):
    assert isinstance(attempt(box, host="no-such-host.invalid"), errors.HostUnknownError)


def test_nothing_listens_there(box):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening
        closed = replace(SENDER, port=taken.getsockname()[1])
        with pytest.raises(errors.ServerRefusesError):
            send_test(closed, letter(), seconds=5)


@pytest.mark.parametrize("security", ["none", "starttls"])
def test_a_server_that_begins_without_tls(security, authority):  # noqa: F811
    with mail_server(security, authority.issue()) as box:
        assert isinstance(attempt(box), errors.TlsFailedError)
        assert box.mails == []


@pytest.mark.parametrize(("host", "days", "reason"), [("localhost", -1, "expired"), ("other.ch", 1, "other-name")])
def test_a_bad_certificate(host, days, reason, authority):  # noqa: F811
    with mail_server("tls", authority.issue(host, days)) as box:
        error = attempt(box)
        assert (error.code, error.reason, box.mails) == ("certificate-refused", reason, [])


def test_a_certificate_for_the_name_and_not_for_the_number(box):
    assert attempt(box, host="127.0.0.1").reason == "other-name"


def test_a_certificate_of_nobody_known(tmp_path):
    with mail_server("tls", make_authority(tmp_path).issue()) as box:
        assert attempt(box).reason == "unknown-issuer"


@pytest.mark.parametrize("values", [{"password": "falsch"}, {"user": "falsch"}, {"password": "fälsch"}])
def test_a_refused_login(values, box):
    error = attempt(box, **values)
    assert (error.code, error.user) == ("mail-login-refused", values.get("user", USER))


@pytest.mark.parametrize(("offered", "refused"), [("PLAIN LOGIN", ""), ("LOGIN", "PLAIN"), ("PLAIN", "LOGIN")])
def test_umlauts_log_in_as_they_do_from_webelexis(offered, refused, authority):  # noqa: F811
    def know(_server, _session, _envelope, mechanism, data):
        seen.append(mechanism)
        is_good = (data.login, data.password) == ("praxis-zürich".encode(), "Grüezi😀!".encode())
        return AuthResult(success=is_good, handled=False)

    seen: list[str] = []
    options = {"authenticator": know, "auth_exclude_mechanism": [refused]}
    with mail_server("tls", authority.issue(), **options) as box:
        assert attempt(box, user="praxis-zürich", password="Grüezi😀!") is None
        assert attempt(box, user="praxis-zürich", password="Gruezi!").code == "mail-login-refused"
    assert len(box.mails) == 1
    assert seen == [offered.split()[0]] * 2  # one attempt each: providers lock an account after a few


@pytest.mark.parametrize(("password", "code"), [("Grüezi!", None), ("falsch", "mail-login-refused")])
def test_a_server_that_knows_a_challenge_alone(password, code, authority, monkeypatch):  # noqa: F811
    async def prove(_handler, server, _arguments):
        answer = await server.challenge_auth("<1896.697@example.ch>")
        expected = hmac.new("Grüezi!".encode(), b"<1896.697@example.ch>", "md5").hexdigest()
        return AuthResult(success=answer == f"praxis {expected}".encode(), handled=False)

    monkeypatch.setattr(Mailbox, "auth_CRAM__MD5", prove, raising=False)
    options = {"auth_exclude_mechanism": ["PLAIN", "LOGIN"]}
    with mail_server("tls", authority.issue(), **options) as box:
        error = attempt(box, user="praxis", password=password)
    assert getattr(error, "code", None) == code
    assert len(box.mails) == (error is None)


def test_a_refused_sender(box):
    box.refused_senders.add("team@example.ch")
    assert attempt(box).code == "sender-refused"


def test_a_refused_recipient(box):
    box.refused_recipients.add("patient@example.ch")
    assert attempt(box).code == "recipients-refused"


def test_a_mail_that_is_not_taken(box):
    box.answer = f"554 spam, said {PASSWORD}"
    assert attempt(box).code == "mail-refused"


def test_a_server_that_says_nothing_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(errors.ServerSilentError):
        send_test(replace(SENDER, port=silent.getsockname()[1]), letter(), seconds=0.3)
