"""Apprise and the heartbeat against a real web server on loopback, and what they say when it does not work."""

from __future__ import annotations

import json
import logging
import socket
from base64 import b64encode

import pytest
from messaging import make_authority, web_server

from oobsite.alerts.domain import errors
from oobsite.alerts.domain.push import Push, check_address, send_push
from oobsite.alerts.heartbeat import MOST_LOG_BYTES, check_url, ping

PUSH = Push("Praxis am See: Sicherung fehlgeschlagen", "Ältere Archive sind unberührt.", "error")
TOKEN = "oobMARK-token-77aa"


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


# --- Apprise ------------------------------------------------------------------------------------------------
def test_a_webhook_gets_the_message(web):
    send_push(f"json://127.0.0.1:{web.port}/hook", PUSH)
    ((path, body),) = web.asked
    content = json.loads(body)
    assert (path, content["title"], content["message"]) == ("/hook", PUSH.title, PUSH.text)
    assert content["type"] == "failure"


def test_ntfy_gets_the_message(web):
    send_push(f"ntfy://127.0.0.1:{web.port}/praxis", PUSH)
    content = json.loads(web.asked[0][1])
    assert (content["topic"], content["title"]) == ("praxis", PUSH.title)


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_status_that_is_no_success_is_named(web, status):
    web.answers["/hook"] = status
    with pytest.raises(errors.HttpStatusError) as caught:
        send_push(f"json://user:{TOKEN}@127.0.0.1:{web.port}/hook", PUSH)
    assert (caught.value.host, caught.value.status) == ("127.0.0.1", status)


def test_a_redirection_is_not_followed(web):
    web.locations["/hook"] = "file:///etc/passwd"
    with pytest.raises(errors.HttpStatusError) as caught:
        send_push(f"json://127.0.0.1:{web.port}/hook", PUSH)
    assert caught.value.status == 302


def test_a_service_that_does_not_answer_is_given_up(web):
    web.slow["/hook"] = 2
    with pytest.raises(errors.ServerSilentError):
        send_push(f"json://127.0.0.1:{web.port}/hook", PUSH, seconds=0.3)


def test_nothing_listens_there(closed_port):
    with pytest.raises(errors.ServerRefusesError) as caught:
        send_push(f"json://127.0.0.1:{closed_port}/hook", PUSH)
    assert caught.value.address == f"127.0.0.1:{closed_port}"


def test_an_unknown_name():
    with pytest.raises(errors.HostUnknownError):
        send_push("json://no-such-host.invalid/hook", PUSH)


def test_a_certificate_that_nobody_knows(tmp_path):
    with web_server() as web:
        web.use_tls(make_authority(tmp_path).issue())
        with pytest.raises(errors.CertificateRefusedError):
            send_push(f"jsons://localhost:{web.port}/hook", PUSH)


@pytest.mark.parametrize(
    "url", ["", "x", "nosuch://a", "json://", "syslog://", "dbus://", "file:///etc/passwd", "ntfy"]
)
def test_an_address_that_leads_nowhere_is_refused(url):
    with pytest.raises(errors.PushAddressInvalidError):
        check_address(url)


def test_errors_name_a_service_and_not_its_token():
    """The first part of a Telegram address, where others have their host, is its token."""
    assert check_address("tgram://123456789:abcdefg_hijklmnop/12315544/") == "Telegram"
    assert check_address(f"ntfy://{TOKEN}") == "ntfy"
    assert check_address("json://hooks.example.ch/x") == "hooks.example.ch"


def test_what_apprise_logs_reaches_no_handler_of_ours(web):
    """It may quote an address with its password."""
    send_push(f"json://127.0.0.1:{web.port}/hook", PUSH)
    seen: list[str] = []
    handler = logging.Handler(logging.DEBUG)
    handler.emit = lambda record: seen.append(record.name)
    logging.getLogger().addHandler(handler)
    try:
        logging.getLogger("apprise").error("json://user:password@host")
        logging.getLogger("oobsite").error("something else")
    finally:
        logging.getLogger().removeHandler(handler)
    assert seen == ["oobsite"]


# --- heartbeat ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("event", "path"), [("start", "/ping/1/start"), ("success", "/ping/1"), ("fail", "/ping/1/fail")]
)
def test_a_sign_of_life(web, event, path):
    ping(f"{web.url}/ping/1", event, "one\ntwo\n")
    assert web.asked == [(path, b"one\ntwo\n")]


def test_the_query_stays_behind_the_path(web):
    ping(f"{web.url}/ping/1/?create=1", "fail")
    assert web.asked == [("/ping/1/fail?create=1", b"")]


def test_the_end_of_a_long_log_is_sent_and_secrets_are_not(web):
    ping(f"{web.url}/p", "fail", "ä" * 20_000 + f"\x00 the password is {TOKEN}\n", secrets=[TOKEN])
    sent = web.asked[0][1]
    assert 9_000 < len(sent) <= MOST_LOG_BYTES
    assert TOKEN.encode() not in sent
    assert sent.decode().endswith(" the password is ●●●\n")


def test_a_name_and_a_password_go_along_and_no_further(web):
    """A page elsewhere, to which the service leads, gets neither."""
    web.locations["/old"] = "/new"
    ping(f"http://praxis:{TOKEN}%21@127.0.0.1:{web.port}/old", "success")
    assert web.logins == [f"Basic {b64encode(f'praxis:{TOKEN}!'.encode()).decode()}", None]


def test_a_name_and_a_password_are_in_no_error(web):
    web.answers["/p"] = 500
    with pytest.raises(errors.HttpStatusError) as caught:
        ping(f"http://praxis:{TOKEN}@127.0.0.1:{web.port}/p", "success")
    assert caught.value.host == "127.0.0.1"
    web.locations["/p"] = "ftp://localhost/x"
    with pytest.raises(errors.HttpStatusError) as caught:
        ping(f"http://praxis:{TOKEN}@127.0.0.1:{web.port}/p", "success")
    assert TOKEN not in repr(vars(caught.value))


def test_a_password_goes_nowhere_unencrypted():
    with pytest.raises(errors.PlainPasswordError) as caught:
        ping(f"http://praxis:{TOKEN}@hc.example/p", "success")
    assert caught.value.host == "hc.example"


def test_http_may_lead_to_another_page(web):
    web.locations["/old"] = "/new"
    ping(f"{web.url}/old", "success")
    assert [path for path, _body in web.asked] == ["/old", "/new"]


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://localhost/x", "gopher://localhost/"])
def test_another_kind_of_address_is_not_followed(web, target):
    web.locations["/p"] = target
    with pytest.raises(errors.DeliveryError) as caught:
        ping(f"{web.url}/p", "success")
    assert caught.value.code == "http-status"
    assert len(web.asked) == 1


def test_a_circle_ends(web):
    web.locations["/p"] = "/p"
    with pytest.raises(errors.HttpStatusError):
        ping(f"{web.url}/p", "success")
    assert len(web.asked) < 15


@pytest.mark.parametrize("status", [404, 500])
def test_a_status_of_the_watcher(web, status):
    web.answers[f"/{TOKEN}"] = status
    with pytest.raises(errors.HttpStatusError) as caught:
        ping(f"{web.url}/{TOKEN}", "success")
    assert caught.value.status == status
    assert TOKEN not in str(caught.value)


def test_a_watcher_that_does_not_answer(web):
    web.slow["/p"] = 2
    with pytest.raises(errors.ServerSilentError):
        ping(f"{web.url}/p", "success", seconds=0.3)


def test_a_watcher_that_is_not_there(closed_port):
    with pytest.raises(errors.ServerRefusesError):
        ping(f"http://127.0.0.1:{closed_port}/p", "success")
    with pytest.raises(errors.HostUnknownError):
        ping("http://no-such-host.invalid/p", "success")


def test_https_is_checked(tmp_path, authority):
    with web_server() as web:
        web.use_tls(authority.issue())
        ping(f"https://localhost:{web.port}/p", "success")
        with pytest.raises(errors.CertificateRefusedError):
            ping(f"https://127.0.0.1:{web.port}/p", "success")
    assert [path for path, _body in web.asked] == ["/p"]


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "ftp://a/b", "http://", "http://a b/", "//a", "http://a:x/"])
def test_what_is_no_web_address_is_refused(url):
    with pytest.raises(errors.PushAddressInvalidError):
        check_url(url)
