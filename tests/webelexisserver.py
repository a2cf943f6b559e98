"""What the server of Webelexis answers on port 3030: a real HTTP server that compresses, as Webelexis does."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: As read in its source: 3.3.5 takes the first four from data/settings.js, 3.9 all of them from its folder config.
_METADATA = {"testing": False, "sitename": "Praxis Webelexis", "admin": "a@example.ch", "ip": "::1", "roles": {}}
AUTOLOGIN_PASSWORD = "oobMARK-autologin-5e1d"
OLD = {
    "/metadata": json.dumps(_METADATA),
    "/": '<!DOCTYPE html><html><body aurelia-app="main"><div class="splash">Webelexis</div></body></html>',
}
NEW = {
    "/metadata": json.dumps({**_METADATA, "autologin": {"username": "test", "password": AUTOLOGIN_PASSWORD}}),
    "/": '<!DOCTYPE html><html><title>Webelexis</title><body><div id="app"></div></body></html>',
}
OTHER = {"/metadata": json.dumps(_METADATA), "/": NEW["/"]}


@contextmanager
def webelexis_server(pages: Mapping[str, str]) -> Iterator[str]:
    """Its address; other paths than those of ``pages`` are not found."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = pages.get(self.path, "Page not found")
            self.send_response(200 if self.path in pages else 404)
            self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.wfile.write(gzip.compress(text.encode()))

        def log_message(self, *_arguments: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
