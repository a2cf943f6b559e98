"""A stand-in for a Docker engine behind its proxy: a real HTTP server that speaks the few requests we make.

There is no engine where the tests run; the answers are those of its API, as the Docker SDK understands them.
"""

from __future__ import annotations

import json
import re
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_PATH = re.compile(r"/v1\.\d+/containers/([\w.-]+)/(json|stop|start)(?:\?.*)?")


class Engine(ThreadingHTTPServer):
    """``containers``: whether each runs; ``facts``: what else it tells of each; ``asked``: what was done, in order;
    ``forbidden``: acts that the proxy refuses; ``broken``: (act, name) that fails; ``on_act`` is called when something
    was done."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, containers: dict[str, bool], address: object = ("127.0.0.1", 0)) -> None:
        super().__init__(address, _Handler)
        self.containers = containers
        self.facts: dict[str, dict[str, object]] = {}
        self.asked: list[tuple[str, str]] = []
        self.forbidden: set[str] = set()
        self.broken: set[tuple[str, str]] = set()
        self.on_act: Callable[[str, str], object] = lambda _act, _name: None

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.server_address[1]}"

    def running(self) -> set[str]:
        return {name for name, is_running in self.containers.items() if is_running}


class _Handler(BaseHTTPRequestHandler):
    server: Engine
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/version":
            self._answer(200, {"ApiVersion": "1.47"})
        else:
            self._about_container()

    do_POST = do_GET

    def _about_container(self) -> None:
        found = _PATH.fullmatch(self.path)
        if found is None or found[2] in self.server.forbidden:
            self._answer(403, {"message": "Forbidden"})
        elif found[1] not in self.server.containers:
            self._answer(404, {"message": f"No such container: {found[1]}"})
        elif (found[2], found[1]) in self.server.broken:
            self._answer(500, {"message": "driver failed programming external connectivity"})
        else:
            self._do(found[1], found[2])

    def _do(self, name: str, act: str) -> None:
        if act == "json":
            self._answer(200, {**self.server.facts.get(name, {}), "State": {"Running": self.server.containers[name]}})
            return
        self.server.asked.append((act, name))
        is_change = self.server.containers[name] != (act == "start")
        self.server.containers[name] = act == "start"
        self.server.on_act(act, name)
        self._answer(204 if is_change else 304, None)

    def _answer(self, status: int, content: object) -> None:
        body = b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        return


class _UnixEngine(Engine):
    address_family = socket.AF_UNIX

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "engine", 0

    @property
    def url(self) -> str:
        return f"unix://{self.server_address}"

    def get_request(self):
        connection, _address = super().get_request()
        return connection, ("local", 0)


@contextmanager
def engine(containers: dict[str, bool], socket_path: Path | None = None) -> Iterator[Engine]:
    """Serve on loopback, or on a socket file."""
    server = Engine(containers) if socket_path is None else _UnixEngine(containers, str(socket_path))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
