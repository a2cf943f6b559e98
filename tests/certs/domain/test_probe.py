"""What the probe says of real servers on loopback."""

import contextlib
import datetime as dt
import socket
import socketserver
import threading

import pytest
from cryptography import x509

from certs.domain.builder import LeafRequest, Pair, Subject, make_authority, make_leaf, make_self_signed
from certs.domain.facts import fingerprint
from certs.domain.names import parse_name, parse_names
from certs.domain.probe import Question, Verdict, probe
from tests.tlsserver import serving

NOW = dt.datetime.now(dt.UTC)
NAME = parse_name("webelexis.nuno")
AUTHORITY = make_authority(Subject(), "Praxis CA", NOW - dt.timedelta(days=400))


def make(*names, now=NOW):
    return make_leaf(LeafRequest(parse_names(names or ["webelexis.nuno"])), AUTHORITY, now)


PAIR = make()


def print_of(pair):
    return fingerprint(x509.load_pem_x509_certificate(pair.certificate))


def ask(port, expected=PAIR, *, name=NAME, host="127.0.0.1", seconds=3.0):
    return probe(Question(host, port, name, AUTHORITY.certificate, seconds), print_of(expected), NOW)


class _Plain(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.recv(4096)
        self.request.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")


@contextlib.contextmanager
def serving_plainly():
    with socketserver.TCPServer(("127.0.0.1", 0), _Plain) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_ours_is_served_and_accepted_by_whoever_knows_the_root(tmp_path):
    with serving(PAIR, tmp_path) as port:
        answer = ask(port)
    assert answer.verdict is Verdict.SERVED
    assert (answer.is_trusted, answer.is_public) == (True, False)
    assert answer.served.fingerprint == print_of(PAIR)
    assert answer.served.ends_at > NOW


def test_one_before_it_is_still_served(tmp_path):
    with serving(make(), tmp_path) as port:
        answer = ask(port)
    assert answer.verdict is Verdict.ANOTHER
    assert answer.is_trusted


def test_a_stranger_under_our_name(tmp_path):
    stranger = make_self_signed(LeafRequest((NAME,)), NOW)
    with serving(stranger, tmp_path) as port:
        answer = ask(port)
    assert (answer.verdict, answer.is_trusted, answer.is_public) == (Verdict.ANOTHER, False, False)
    assert answer.served.is_self_signed


def test_the_default_of_a_proxy_has_another_name(tmp_path):
    with serving(make("traefik.default"), tmp_path) as port:
        answer = ask(port)
    assert answer.verdict is Verdict.WRONG_NAME
    assert answer.served.names == ("traefik.default",)
    assert not answer.is_trusted


def test_an_expired_one(tmp_path):
    old = make(now=NOW - dt.timedelta(days=399))
    with serving(old, tmp_path) as port:
        answer = ask(port, old)
    assert (answer.verdict, answer.is_trusted) == (Verdict.EXPIRED, False)


def test_the_whole_chain_is_read(tmp_path):
    full = Pair(PAIR.certificate, PAIR.key, (AUTHORITY.certificate,))
    with serving(full, tmp_path) as port:
        answer = ask(port)
    assert [facts.fingerprint for facts in answer.chain] == [print_of(PAIR), print_of(AUTHORITY)]


def test_the_system_store_may_know_the_issuer(tmp_path, monkeypatch):
    (tmp_path / "store.pem").write_bytes(AUTHORITY.certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "store.pem"))
    with serving(PAIR, tmp_path) as port:
        assert ask(port).is_public


def test_a_wildcard_is_asked_by_a_name_for_which_it_stands(tmp_path):
    pair = make("*.praxis.ch")
    with serving(pair, tmp_path) as port:
        answer = ask(port, pair, name=parse_name("*.praxis.ch"))
    assert (answer.verdict, answer.is_trusted) == (Verdict.SERVED, True)


@pytest.mark.parametrize(("host", "name"), [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("::1", "webelexis.nuno")])
def test_addresses_of_both_kinds(tmp_path, host, name):
    pair = make(name)
    with serving(pair, tmp_path, host) as port:
        answer = ask(port, pair, name=parse_name(name), host=host)
    assert (answer.verdict, answer.is_trusted) == (Verdict.SERVED, True)


def test_a_port_without_tls():
    with serving_plainly() as port:
        answer = ask(port)
    assert answer.verdict is Verdict.NO_TLS
    assert answer.served is None


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    answer = ask(port)
    assert (answer.verdict, answer.detail) == (Verdict.UNREACHABLE, "Connection refused")


def test_a_server_that_says_nothing_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as server:
        answer = ask(server.getsockname()[1], seconds=0.3)
    assert answer.verdict is Verdict.UNREACHABLE
    assert "timed out" in answer.detail


class _Dripping(socketserver.BaseRequestHandler):
    """Begins a record that it never ends."""

    def handle(self) -> None:
        self.request.recv(4096)
        with contextlib.suppress(OSError):  # the probe has gone
            self.request.sendall(b"\x16\x03\x03\x40\x00")
            while not self.server.is_over.wait(0.05):
                self.request.sendall(b"\x02")


def test_a_server_that_drips_bytes_is_given_up():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Dripping) as server:
        server.is_over = threading.Event()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        answers = []
        asking = threading.Thread(target=lambda: answers.append(ask(server.server_address[1], seconds=0.5)))
        asking.start()
        asking.join(30)
        is_held = asking.is_alive()
        server.is_over.set()
        server.shutdown()
        thread.join()
        asking.join()
    assert not is_held
    assert (answers[0].verdict, answers[0].detail) == (Verdict.UNREACHABLE, "timed out")


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 64 + ".nuno", "a..b", "."])
def test_a_host_that_is_none(host):
    assert ask(443, host=host).verdict is Verdict.UNKNOWN_HOST


def test_a_port_that_is_none():
    assert ask(70_000).verdict is Verdict.UNREACHABLE
