"""A TLS server on loopback that serves one pair."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

from certs.domain.builder import Pair

_PAGE = b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<title>Praxis</title>"


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        context = self.server.context  # type: ignore[attr-defined]
        with contextlib.suppress(OSError), context.wrap_socket(self.request, server_side=True) as tls:
            if tls.recv(4096):  # a probe asks for nothing
                tls.sendall(_PAGE)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


class _ServerOf6(_Server):
    address_family = socket.AF_INET6


@contextlib.contextmanager
def serving(pair: Pair, folder: Path, host: str = "127.0.0.1") -> Iterator[int]:
    """Yields the port."""
    (folder / "chain.pem").write_bytes(pair.full_chain)
    (folder / "key.pem").write_bytes(pair.key)
    with (_ServerOf6 if ":" in host else _Server)((host, 0), _Handler) as server:
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.context.load_cert_chain(folder / "chain.pem", folder / "key.pem")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()
