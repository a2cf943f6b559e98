"""A backup of a real server by a process of its own: its children, its output and all that it leaves show no secret."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from realsite import ROOT, Site, practice_server, prepared_data, run_sql

BACKUP_DBPWD = "oobMARK-backup-91be"
DBPWD = "oobMARK-dbpwd-7c1f"
DONE = (0, 3)  # in full, or with remarks
BACKUP = ("runbackup", "--dump", "--source", "elexisdb", "--source", "oobsite")


@pytest.fixture(scope="module")
def marked(tmp_path_factory) -> Iterator[Site]:
    """An installation whose account on the practice's server has a password that can be searched for."""
    with practice_server(patients=50, megabytes=4) as server:
        for host in ("%", "localhost"):
            run_sql(server, f"ALTER USER {server.backup_user}@'{host}' IDENTIFIED BY '{BACKUP_DBPWD}'")
        folder = server.folder / "site"
        folder.mkdir()
        folder.chmod(0o711)
        site = Site(folder, server, prepared_data(tmp_path_factory.mktemp("prepared")))
        site.environment |= {"OOB_BACKUP_DBPWD": BACKUP_DBPWD, "DBPWD": DBPWD}
        yield site


def secrets_of(site: Site) -> list[str]:
    data = site.folder / "data"
    recovery = json.loads((data / "recovery.json").read_text())["key"]
    return [
        BACKUP_DBPWD,
        DBPWD,
        recovery,
        *((data / name).read_text().strip() for name in ("secret.key", "field.keys")),
    ]


class Watcher(threading.Thread):
    """Reads the command line and, of children, the environment of every process below ``pid`` until it is stopped."""

    def __init__(self, pid: int, secrets: list[str]) -> None:
        super().__init__(daemon=True)
        self._pid, self._secrets = pid, [secret.encode() for secret in secrets]
        self.is_stopped = False
        self.seen: set[str] = set()
        self.leaks: set[str] = set()

    def run(self) -> None:
        while not self.is_stopped:
            for pid in descendants(self._pid):
                self._look_at(pid)

    def _look_at(self, pid: int) -> None:
        folder = Path(f"/proc/{pid}")
        try:
            command = (folder / "cmdline").read_bytes()
            own = Path(f"/proc/{self._pid}/cmdline").read_bytes()
            # Between fork and exec a child is its parent, whose environment holds what its user has set.
            environment = b"" if command in (own, b"") else (folder / "environ").read_bytes()
        except OSError:
            return
        name = command.split(b"\0")[0].decode()
        self.seen.add(Path(name).name)
        if any(secret in command + environment for secret in self._secrets):
            self.leaks.add(f"{name} {command!r}")


def descendants(pid: int) -> list[int]:
    found = [pid]
    for known in found:
        try:
            for children in Path(f"/proc/{known}/task").glob("*/children"):
                found += map(int, children.read_text().split())
        except OSError:
            continue
    return found


@pytest.mark.parametrize("arguments", [BACKUP, ("provebackup",)])
def test_no_child_and_no_output_shows_one(arguments, marked):
    if arguments[0] == "provebackup":
        assert marked.run(*BACKUP)[0] in DONE
    with subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=marked.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as child:
        watcher = Watcher(child.pid, secrets_of(marked))
        watcher.start()
        text = child.communicate()[0]
        watcher.is_stopped = True
        watcher.join()
    assert child.returncode in DONE, text
    assert watcher.seen & {"mariadb-backup", "mariadb-dump", "mariadbd", "tar"}
    assert watcher.leaks == set()
    assert [secret for secret in secrets_of(marked) if secret in text] == []


def test_no_file_that_is_left_holds_one_but_the_keys_themselves(marked):
    assert marked.run(*BACKUP)[0] in DONE
    allowed = {"secret.key", "field.keys", "recovery.json"}
    for top in ("backup", "work", "data"):
        for folder, _names, files in os.walk(marked.folder / top):
            for name in files:
                path = Path(folder) / name
                if name in allowed or "static" in path.parts:
                    continue
                content = path.read_bytes()
                content = gzip.decompress(content) if path.suffix == ".gz" else content
                leaks = [secret for secret in secrets_of(marked) if secret.encode() in content]
                assert leaks == [], path
    for name in allowed:
        assert (marked.folder / "data" / name).stat().st_mode & 0o077 == 0


def test_a_login_that_is_refused_names_the_account_and_not_its_password(marked):
    with subprocess.Popen(
        [sys.executable, "manage.py", "runbackup", "--traceback"],
        cwd=ROOT,
        env=marked.environment | {"OOB_BACKUP_DBPWD": "oobMARK-wrong-0000"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as child:
        text = child.communicate()[0]
    assert child.returncode != 0
    assert marked.environment["OOB_BACKUP_DBUSER"] in text
    assert "oobMARK" not in text
    assert "oobMARK" not in marked.last_run("log")
