"""A mail through a real server on loopback: it arrives, or the error says which of the many things went wrong."""

from __future__ import annotations

import contextlib
import socket
import threading
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messaging import PASSWORD, USER, mail_server, make_authority

from backups.messages import error_sentence
from oobsite.alerts.domain import errors
from oobsite.alerts.domain.mail import Letter, MailServer, make_message, send_mail

NOW = datetime(2026, 11, 28, 3, 15, tzinfo=UTC)
LETTER = Letter(("praxis@example.ch", "it@example.ch"), "Praxis am See: Sicherung ✓", "Grüezi\n\nÄltere …\n", NOW)


def server_of(box, security="none", **values) -> MailServer:
    values = {"host": "localhost", "port": box.port, "sender": "oobsite@example.ch", **values}
    if security != "none":
        values = {"user": USER, "password": PASSWORD, **values}
    return MailServer(security=security, **values)


def test_a_mail_arrives_as_it_was_written(box):
    send_mail(server_of(box), LETTER)
    (mail,) = box.mails
    assert mail["Subject"] == "Praxis am See: Sicherung ✓"
    assert mail["To"] == "praxis@example.ch, it@example.ch"
    assert mail["From"] == "oobsite@example.ch"
    assert mail.get_content().replace("\r\n", "\n") == LETTER.text
    assert box.envelopes == [["praxis@example.ch", "it@example.ch"]]


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_encrypted_and_with_a_login(security, authority):
    with mail_server(security, authority.issue()) as box:
        send_mail(server_of(box, security), LETTER)
    assert len(box.mails) == 1


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize(("host", "days", "reason"), [("localhost", -1, "expired"), ("other.ch", 1, "other-name")])
def test_a_bad_certificate_is_refused(security, host, days, reason, authority):
    with mail_server(security, authority.issue(host, days)) as box, pytest.raises(errors.DeliveryError) as caught:
        send_mail(server_of(box, security), LETTER)
    assert (caught.value.code, caught.value.reason) == ("certificate-refused", reason)
    assert box.mails == []


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_of_an_unknown_issuer_is_refused(security, tmp_path):
    context = make_authority(tmp_path).issue()
    with mail_server(security, context) as box, pytest.raises(errors.CertificateRefusedError) as caught:
        send_mail(server_of(box, security), LETTER)
    assert caught.value.reason == "unknown-issuer"


def test_a_wrong_password_is_named(authority):
    with mail_server("starttls", authority.issue()) as box, pytest.raises(errors.MailLoginRefusedError) as caught:
        send_mail(server_of(box, "starttls", password="wrong"), LETTER)
    assert caught.value.user == USER
    assert "wrong" not in error_sentence(caught.value)


@pytest.mark.parametrize("values", [{"password": "Zürich"}, {"user": "Müller"}])
def test_a_login_with_umlauts_is_refused_as_such(values, authority):
    with mail_server("starttls", authority.issue()) as box, pytest.raises(errors.MailLoginRefusedError):
        send_mail(server_of(box, "starttls", **values), LETTER)


def test_a_server_without_login_refuses_ours(box):
    with pytest.raises(errors.MailLoginRefusedError):
        send_mail(server_of(box, user=USER, password=PASSWORD), LETTER)


def test_a_server_without_starttls_gets_no_mail(box):
    with pytest.raises(errors.StarttlsMissingError):
        send_mail(server_of(box, "starttls"), LETTER)
    assert box.mails == []


def test_a_server_that_speaks_no_tls(box):
    with pytest.raises(errors.TlsFailedError):
        send_mail(server_of(box, "tls"), LETTER)


def test_a_password_goes_nowhere_unencrypted():
    server = MailServer("mail.example.ch", 25, "none", "a@example.ch", USER, PASSWORD)
    with pytest.raises(errors.PlainPasswordError):
        send_mail(server, LETTER)
    assert PASSWORD not in repr(server)


def test_a_refused_sender(box):
    box.refused_senders.add("oobsite@example.ch")
    with pytest.raises(errors.SenderRefusedError) as caught:
        send_mail(server_of(box), LETTER)
    assert caught.value.sender == "oobsite@example.ch"


def test_one_refused_recipient_is_named_and_the_other_has_the_mail(box):
    box.refused_recipients.add("it@example.ch")
    with pytest.raises(errors.SomeRecipientsRefusedError) as caught:
        send_mail(server_of(box), LETTER)
    assert caught.value.names == ["it@example.ch"]
    assert box.envelopes == [["praxis@example.ch"]]


def test_all_recipients_refused(box):
    box.refused_recipients |= set(LETTER.recipients)
    with pytest.raises(errors.RecipientsRefusedError) as caught:
        send_mail(server_of(box), LETTER)
    assert len(caught.value.names) == 2


def test_a_mail_that_is_not_taken(box):
    box.answer = f"554 spam, said {PASSWORD}"
    with pytest.raises(errors.MailRefusedError) as caught:
        send_mail(server_of(box), LETTER)
    assert caught.value.status == 554
    assert PASSWORD not in str(caught.value)


def test_nothing_listens_there():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening
        port = taken.getsockname()[1]
        with pytest.raises(errors.ServerRefusesError):
            send_mail(MailServer("127.0.0.1", port, "none", "a@example.ch"), LETTER)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "mail..example.ch", "m" * 64 + ".ch"])
def test_a_name_that_does_not_exist(host):
    with pytest.raises(errors.HostUnknownError):
        send_mail(MailServer(host, 25, "none", "a@example.ch"), LETTER)


@pytest.mark.parametrize("security", ["none", "tls"])
def test_a_server_that_says_nothing_is_given_up(security):
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(errors.ServerSilentError):
        port = silent.getsockname()[1]
        send_mail(MailServer("127.0.0.1", port, security, "a@example.ch"), LETTER, seconds=0.3)


def test_a_server_that_answers_drop_by_drop_is_given_up():
    """Each byte comes in time, so no time-out of the socket ends it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()
        thread = threading.Thread(target=drip, args=(server, ended), daemon=True)
        thread.start()
        with pytest.raises(errors.ServerSilentError):
            send_mail(MailServer("127.0.0.1", server.getsockname()[1], "none", "a@example.ch"), LETTER, seconds=0.5)
        ended.set()
        thread.join()


def drip(server: socket.socket, ended: threading.Event) -> None:
    connection, _address = server.accept()
    with connection, contextlib.suppress(OSError):  # who has hung up
        while not ended.wait(0.1):
            connection.sendall(b"2")


def test_a_server_that_hangs_up():
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=lambda: server.accept()[0].close(), daemon=True).start()
        with pytest.raises(errors.ServerLostError):
            send_mail(MailServer("127.0.0.1", server.getsockname()[1], "none", "a@example.ch"), LETTER)


@given(st.text(), st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300))
def test_no_text_makes_a_header(subject, name):
    """Line breaks in the name of the practice, or in an alert, begin no header of their own."""
    text = "".join(sign for sign in subject if not 0xD800 <= ord(sign) <= 0xDFFF)
    message = make_message("a@example.ch", Letter(("b@example.ch",), f"{name}\r\nBcc: x@evil.ch\n{text}", "x", NOW))
    head = message.as_bytes().split(b"\n\n")[0]
    assert b"\nBcc:" not in head
    assert head.count(b"\nSubject:") == 1


@pytest.mark.parametrize("name", ["", "x", "a@", "@b", "a@b\nBcc: c@d.ch", "a b@c.ch", "a@b.ch, c@d.ch", "<a@b.ch>"])
def test_what_is_no_address_is_refused_before_anything_is_sent(name):
    with pytest.raises(errors.MailAddressInvalidError):
        make_message("a@example.ch", Letter((name,), "x", "x", NOW))
