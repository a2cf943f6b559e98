"""An installation whose pages gunicorn serves, and an owner who has logged in."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
from pathlib import Path

from ports import free_port
from realsite import ROOT, installation_environment, prepared_data
from waiting import wait_until

LOGIN = """
from django.test import Client
from tests.people import make_user
client = Client()
client.force_login(make_user(username="muster"))
print(client.cookies["sessionid"].value)
"""


class Served:
    """The pages at ``url``; ``cookies`` are those of the owner's browser."""

    def __init__(self, folder: Path, url: str, cookies: dict[str, str], master: int) -> None:
        self.folder, self.url, self.cookies, self.master = folder, url, cookies, master

    @property
    def headers(self) -> dict[str, str]:
        """What a program that is no browser sends with each request."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Cookie": cookies, "X-CSRFToken": self.cookies["csrftoken"]}

    def workers(self) -> list[int]:
        """The processes that answer."""
        children = Path(f"/proc/{self.master}/task/{self.master}/children").read_text()
        return [int(pid) for pid in children.split()]

    def peak_megabytes(self) -> float:
        """The most memory that one of them has used."""
        return max(peak_kibibytes(pid) for pid in self.workers()) * 1024 / 1e6


def peak_kibibytes(pid: int) -> int:
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


@contextlib.contextmanager
def served_site(folder: Path):
    """A new installation in ``folder``, served as docker/start-web does it."""
    prepared_data(folder)
    port = free_port()
    environment = installation_environment(folder) | {"OOB_URL": f"http://localhost:{port}"}
    login = [sys.executable, "manage.py", "shell", "-v", "0", "-c", LOGIN]
    session = subprocess.run(login, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout
    cookies = {"sessionid": session.split()[-1], "csrftoken": "a" * 32}
    serve = ["gunicorn", "oobsite.wsgi", "--bind", f"127.0.0.1:{port}", "-w", "2", "--threads", "8"]
    command = [sys.executable, "-m", *serve, "--no-control-socket", "--log-level", "critical"]
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        try:
            wait_until(lambda: is_listening(port) or process.poll() is not None)
            assert process.poll() is None
            yield Served(folder, f"http://localhost:{port}", cookies, process.pid)
        finally:
            process.terminate()


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
