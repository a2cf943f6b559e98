"""Real servers for the own tables of oobsite: MariaDB and PostgreSQL, each with two empty databases."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import psycopg
from ports import free_port
from waiting import PATIENCE_SECONDS

from demo.server import PracticeServer

USER, PASSWORD = "oob", "geheim-9"
NAMES = NAME, OTHER = "oob", "oob_other"
#: PostgreSQL refuses root, and wants a user who has a name.
_NOBODY = 65534


@contextlib.contextmanager
def mariadb(folder: Path) -> Iterator[str]:
    """Yields the address of the database ``NAME``."""
    port = free_port()
    options = ("--skip-networking=0", "--bind-address=127.0.0.1", f"--port={port}")
    with PracticeServer(folder / "server", options=options) as server:
        with contextlib.closing(server.connect()) as conn:
            conn.query(f"CREATE USER {USER}@'%' IDENTIFIED BY '{PASSWORD}'")
            for name in NAMES:
                conn.query(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
                conn.query(f"GRANT ALL ON {name}.* TO {USER}@'%'")
        yield f"mysql://{USER}:{PASSWORD}@127.0.0.1:{port}/{NAME}"


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Yields the address of the database ``NAME``."""
    data, port = folder / "pg", free_port()
    data.mkdir()
    user = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    if user:
        os.chown(data, _NOBODY, _NOBODY)
    _initialise(data, user)
    where = ["-h", "127.0.0.1", "-p", str(port), "-k", str(data)]
    server = subprocess.Popen([_program("postgres"), "-D", data, *where], stderr=subprocess.DEVNULL, cwd="/", **user)
    try:
        _create_databases(port)
        yield f"postgres://{USER}:{PASSWORD}@127.0.0.1:{port}/{NAME}"
    finally:
        server.terminate()
        server.wait()


#: How each server is had, by its name.
SERVERS: dict[str, Callable[[Path], AbstractContextManager[str]]] = {"mariadb": mariadb, "postgresql": postgresql}


def _initialise(data: Path, user: dict[str, object]) -> None:
    password = data.parent / "password"
    password.write_text(PASSWORD)
    options = ["--auth=scram-sha-256", f"--username={USER}", f"--pwfile={password}", "--encoding=UTF8", "--locale=C"]
    command = [_program("initdb"), "-D", data, "--no-sync", *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", **user)


def _program(name: str) -> Path:
    """Debian keeps the servers of all versions beside each other."""
    return max(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))


def _create_databases(port: int) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    login = f"host=127.0.0.1 port={port} user={USER} password={PASSWORD} dbname=postgres"
    while True:
        try:
            with psycopg.connect(login, autocommit=True) as conn:
                for name in NAMES:
                    conn.execute(f"CREATE DATABASE {name}")
            return
        except psycopg.OperationalError:
            assert time.monotonic() < end, "PostgreSQL does not start"
            time.sleep(0.05)
