"""Real receivers on loopback: a mail server with the certificate of a CA of its own, and a web server."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from oobsite.alerts.models import AlertChannel
from oobsite.keys import create_field_keys

USER, PASSWORD = "praxis", "oobMARK-smtp-2f7a"


# --- certificates -------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Authority:
    """A CA; ``file`` holds its certificate."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    name: x509.Name

    @property
    def file(self) -> Path:
        return self.folder / "ca.pem"

    def issue(self, host: str = "localhost", days: int = 1) -> ssl.SSLContext:
        """What a server needs to present a certificate for ``host``, over since yesterday with ``days=-1``."""
        key = ec.generate_private_key(ec.SECP256R1())
        pem = self.folder / f"{host}{days}.pem"
        certificate = _sign(_named(host), key, self, days, x509.SubjectAlternativeName([x509.DNSName(host)]))
        pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + _pem(key))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pem)
        return context


def make_authority(folder: Path) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    authority = Authority(folder, key, _named("Test CA"))
    certificate = _sign(authority.name, key, authority, 2, x509.BasicConstraints(ca=True, path_length=0))
    authority.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return authority


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    kind = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption())


def _sign(subject, key, authority: Authority, days: int, extension) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(authority.name)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=3)).not_valid_after(
        now + datetime.timedelta(days=days)
    )
    return builder.add_extension(extension, critical=True).sign(authority.key, hashes.SHA256())


@pytest.fixture
def authority(tmp_path: Path, monkeypatch) -> Authority:
    """A CA that this process trusts, as it would with SSL_CERT_FILE in its environment."""
    made = make_authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made


# --- mail ---------------------------------------------------------------------------------------------------
@dataclass
class Mailbox:
    """A mail server: what it got, and what it refuses."""

    refused_senders: set[str] = field(default_factory=set)
    refused_recipients: set[str] = field(default_factory=set)
    answer: str = "250 OK"
    needs_login: bool = False
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[list[str]] = field(default_factory=list)
    port: int = 0

    async def handle_MAIL(self, _server, session, envelope, address, options):
        if self.needs_login and not session.authenticated:
            return "530 log in first"
        if address in self.refused_senders:
            return "553 not yours"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address in self.refused_recipients:
            return "550 nobody here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):
        if self.answer.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
            self.envelopes.append(envelope.rcpt_tos)
        return self.answer


def _authenticate(_server, _session, _envelope, _mechanism, data) -> AuthResult:
    is_good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_good, handled=False)


class _OnFreePort(Controller):
    def _trigger_server(self) -> None:
        """The library connects once to see that it runs, with the port 0 that was asked for."""
        self.port = self.server.sockets[0].getsockname()[1]
        socket.create_connection((self.hostname, self.port)).close()


@contextmanager
def mail_server(security: str = "none", context: ssl.SSLContext | None = None, **options) -> Iterator[Mailbox]:
    """A server on a free port of localhost; with TLS it wants ``USER`` and ``PASSWORD``."""
    box = Mailbox(needs_login=security != "none")
    if security != "none":
        options = {"authenticator": _authenticate, **options}
    options |= {"ssl_context": context} if security == "tls" else {}
    options |= {"tls_context": context, "require_starttls": True} if security == "starttls" else {}
    options |= {"auth_require_tls": False} if security == "tls" else {}
    controller = _OnFreePort(box, hostname="127.0.0.1", port=0, **options)
    controller.start()
    try:
        box.port = controller.port
        yield box
    finally:
        controller.stop()


# --- web ----------------------------------------------------------------------------------------------------
@dataclass
class Web:
    """A web server: what was asked, and how it answers by path; others get 200."""

    answers: dict[str, int] = field(default_factory=dict)
    locations: dict[str, str] = field(default_factory=dict)
    slow: dict[str, float] = field(default_factory=dict)
    asked: list[tuple[str, bytes]] = field(default_factory=list)
    logins: list[str | None] = field(default_factory=list)
    port: int = 0
    server: ThreadingHTTPServer | None = None

    def use_tls(self, context: ssl.SSLContext) -> None:
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def web_server() -> Iterator[Web]:
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            web.asked.append((self.path, body))
            web.logins.append(self.headers["Authorization"])
            time.sleep(web.slow.get(self.path, 0))
            location = web.locations.get(self.path)
            self.send_response(web.answers.get(self.path, 302 if location else 200))
            if location:
                self.send_header("Location", location)
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_args: None  # a client that has gone, or trusts us not
    web.server, web.port = server, server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as served:
        yield served


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mail_server() as served:
        yield served


# --- an installation that tells people ----------------------------------------------------------------------
@pytest.fixture
def secrets_folder(settings, tmp_path, db) -> Path:
    """A data folder with the key that encrypts passwords and addresses."""
    settings.OOB_DATA_DIR = settings.OOB_BACKUP_DIR = tmp_path
    settings.OOB_PRACTICE_NAME = "Praxis am See"
    create_field_keys(tmp_path)
    return tmp_path


@pytest.fixture
def mail_channel(box, settings, secrets_folder) -> AlertChannel:
    """Somebody who gets mail through ``box``."""
    settings.OOB_SMTP_HOST, settings.OOB_SMTP_PORT, settings.OOB_SMTP_SECURITY = "127.0.0.1", box.port, "none"
    settings.OOB_SMTP_FROM = "oobsite@example.ch"
    return AlertChannel.objects.create(name="Praxis", addresses="praxis@example.ch")


@pytest.fixture
def web_channel(web, secrets_folder) -> AlertChannel:
    """A webhook on ``web``."""
    return AlertChannel.objects.create(name="Hook", kind="apprise", url=f"json://127.0.0.1:{web.port}/hook")
