"""An installation whose only source is the folder `pacsdata`, with `manage.py` as processes of their own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from realsite import ROOT, STARTED, installation_environment
from restarting import MANAGE

#: Before code that asks the worker, when it is not about how long a page waits for the answer.
PATIENTLY = "from backups.services import asking; asking.ANSWER_SECONDS = 120\n"
_SOLE = "from backups.models import Source; Source.objects.exclude(name='pacsdata').update(is_active=False)"


class FolderSite:
    """``folder`` holds all of it; see `new_site` and `copy_to`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = installation_environment(folder)
        self.pacs = folder / "mnt" / "pacsdata"

    def copy_to(self, folder: Path) -> FolderSite:
        """The same installation once more, in an empty folder."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return FolderSite(folder)

    def fill(self, content: bytes) -> None:
        (self.pacs / "file").write_bytes(content)

    def content(self) -> bytes:
        return (self.pacs / "file").read_bytes()

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """A worker at work, which is told to stop at the end."""
        child = self.start("worker")
        try:
            yield
        finally:
            child.terminate()
            child.communicate()

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        return self._start([sys.executable, "manage.py", *arguments, "--json"], variables)

    def _start(self, command: list[str], variables: dict[str, str]) -> subprocess.Popen[str]:
        quiet = subprocess.DEVNULL
        environment = self.environment | variables
        child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=quiet, text=True)
        STARTED.append(child)
        return child

    def run(self, *arguments: str, **variables: str):
        """Run a command to its end; returns its exit code and the object that it printed (None when it was killed)."""
        with self.start(*arguments, **variables) as child:
            text = child.communicate()[0]
        return child.returncode, json.loads(text) if text else None

    def run_killed(self, step: int, *arguments: str) -> bool:
        """Run a command that kills itself before a step of the exchange; whether it came so far."""
        with self._start([sys.executable, "-c", MANAGE, *arguments, "--json"], {"KILL_AT": str(step)}) as child:
            text = child.communicate()[0]
        assert child.returncode in (0, -signal.SIGKILL), text
        return child.returncode != 0

    def shell(self, code: str) -> str:
        command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", code]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, check=True, capture_output=True, text=True)
        return done.stdout

    def last_run(self, column: str, action: str = "") -> str:
        """A column of the newest run's row, or of the newest of an action."""
        with contextlib.closing(sqlite3.connect(self.folder / "data/oobsite.sqlite3")) as conn:
            query = f"SELECT {column} FROM backups_backuprun WHERE action LIKE ? ORDER BY id DESC LIMIT 1"
            row = conn.execute(query, [action or "%"]).fetchone()
        return row[0] if row else ""


def new_site(folder: Path, prepared: Path) -> FolderSite:
    for name in ("backup", "work", "mnt", "mnt/pacsdata"):
        (folder / name).mkdir()
    shutil.copytree(prepared, folder / "data")
    site = FolderSite(folder)
    site.shell(_SOLE)
    return site


def random_bytes(megabytes: int) -> bytes:
    return os.urandom(megabytes << 20)
