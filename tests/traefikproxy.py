"""The real Traefik, started as docker-compose.yaml starts it, on free ports of loopback."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ports import free_port
from waiting import wait_until

ROOT = Path(__file__).parents[1]
BIN_DIR = Path(sys.executable).parent
_PASSWORDS = {"DBPWD": "x", "DB_ROOT_PWD": "x"}


@dataclass(frozen=True)
class Proxy:
    """``log_path``: what it says; ``pid``: its process."""

    http_port: int
    https_port: int
    log_path: Path
    pid: int

    @property
    def complaints(self) -> list[str]:
        return [line for line in self.log_path.read_text().splitlines() if re.search(r"\b(ERR|FTL)\b", line)]


def compose_command() -> list[str]:
    """The proxy's command line as the real Compose reads it."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **_PASSWORDS}
    command = [BIN_DIR / "docker-compose", "--profile", "proxy", "config", "--format", "json"]
    answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    return json.loads(answer.stdout)["services"]["proxy"]["command"]


@contextlib.contextmanager
def proxying(
    dynamic_dir: Path, folder: Path, names: Mapping[str, str] | None = None, *, options: Sequence[str] = ()
) -> Iterator[Proxy]:
    """Serve what ``dynamic_dir`` says; ``names``: LOCAL_NAME, EXTERNAL_NAME; ``options`` beside those of Compose."""
    http, https, log_path = free_port(), free_port(), folder / "traefik.log"
    places = {
        "--entrypoints.web.address": f"127.0.0.1:{http}",
        "--entrypoints.websecure.address": f"127.0.0.1:{https}",
        "--providers.file.directory": str(dynamic_dir),
    }
    command = compose_command()
    assert places.keys() <= {option.partition("=")[0] for option in command}
    parts = (option.partition("=") for option in command)
    words = [BIN_DIR / "traefik", *(f"{name}={places.get(name, value)}" for name, _, value in parts), *options]
    with log_path.open("wb") as log:
        process = subprocess.Popen(words, env=dict(names or {}), cwd=folder, stdout=log, stderr=log)
    try:
        _wait(https, process)
        yield Proxy(http, https, log_path, process.pid)
    finally:
        process.terminate()
        process.wait()


def served_fingerprint(port: int, name: str) -> str:
    """One handshake: SHA-256 of the certificate that comes for ``name``. Raises ``OSError`` when it fails."""
    context = ssl._create_unverified_context()  # noqa: S323 - what comes is compared by the caller
    with (
        socket.create_connection(("127.0.0.1", port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname=name) as tls,
    ):
        return hashlib.sha256(tls.getpeercert(binary_form=True) or b"").hexdigest()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    def answers() -> bool:
        with contextlib.suppress(OSError):
            return bool(served_fingerprint(port, "nobody.invalid"))
        return process.poll() is not None

    wait_until(answers)
    assert process.poll() is None, "Traefik did not start"


def seconds_until(condition: Callable[[], bool]) -> float:
    """How long it took until ``condition`` held."""
    start = time.monotonic()
    wait_until(condition, pause=0.05)
    return time.monotonic() - start


def copy_routes(dynamic_dir: Path, places: Mapping[str, str] | None = None) -> None:
    """The routes of the installation; ``places`` puts other servers in the place of its containers."""
    dynamic_dir.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "docker/traefik/routes.yaml", dynamic_dir)
    path = dynamic_dir / "routes.yaml"
    text = path.read_text()
    for container, place in (places or {}).items():
        assert container in text, container
        text = text.replace(container, place)
    path.write_text(text)
