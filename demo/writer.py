"""A practice at work: commits transactions whose sums show later whether a copy is consistent.

``python -m demo.writer --socket S --database D --user U --password-file F --stats PATH [--rate N]``
commits N transactions per second, or as many as it can, until SIGTERM or SIGINT.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import MySQLdb
from MySQLdb.connections import Connection

from demo import words
from demo.child import Child
from demo.invariants import STEP, check_invariants, read_number
from demo.schema import ACCOUNTS

__all__ = ["Work", "Writer", "check_invariants", "main"]

STATS_SECONDS = 0.5
"""Interval between two statistics."""


class Work:
    """The transactions of one writer. Only one may work on a database at a time."""

    def __init__(self, connection: Connection) -> None:
        """Read where the last writer stopped."""
        self.connection = connection
        self.cursor = connection.cursor()
        self.rng = random.Random()
        self.n = read_number(self.cursor, "SELECT n FROM zaehler WHERE nr = 1")
        self.visits = self._column("SELECT id FROM behandlungen LIMIT 5000")
        self.patients = self._column("SELECT id FROM kontakt WHERE istPatient = '1' LIMIT 1000")
        self.cases = self._column("SELECT id FROM faelle LIMIT 1000")
        self._pay_debts()

    def commit_one(self) -> None:
        """Commit the next transaction, and write the rows that follow it when it is their turn."""
        n = self.n + 1
        self.connection.begin()
        self._transfer(n)
        self._write_note(n)
        self.connection.commit()
        self.n = n
        if n % STEP == 0:
            self._follow(n, "logs", "journal")

    def _transfer(self, n: int) -> None:
        """Move an amount from an account of konto_a to one of konto_b."""
        rng, execute = self.rng, self.cursor.execute
        source, target, amount = rng.randint(1, ACCOUNTS), rng.randint(1, ACCOUNTS), rng.randint(-5000, 5000)
        execute("UPDATE konto_a SET saldo = saldo - %s WHERE nr = %s", (amount, source))
        execute("UPDATE konto_b SET saldo = saldo + %s WHERE nr = %s", (amount, target))
        execute(
            "INSERT INTO transfer (n, von, nach, betrag, zeit) VALUES (%s, %s, %s, %s, NOW(3))",
            (n, source, target, amount),
        )
        execute("UPDATE zaehler SET n = %s WHERE nr = 1", (n,))

    def _write_note(self, n: int) -> None:
        """Change a consultation and add, in turn, a laboratory value, an appointment or a consultation."""
        rng, execute = self.rng, self.cursor.execute
        note = f"{rng.choice(words.COMPLAINTS)}. {rng.choice(words.PLANS)}. Nachtrag {n}.".encode()
        today, later = (f"{date.today() + timedelta(days=days):%Y%m%d}" for days in (0, n % 28))
        if self.visits:
            changed = rng.choice(self.visits)
            execute(
                "UPDATE behandlungen SET Eintrag = %s, lastupdate = %s WHERE id = %s",
                (note, _now_ms(), changed),
            )
        statement, values = (
            (
                "laborwerte (id, lastupdate, PatientID, Datum, ItemID, Resultat)",
                (_pick(rng, self.patients), today, "CRP", "5"),
            ),
            (
                "agntermine (id, lastupdate, PatID, Tag, Beginn, Dauer)",
                (_pick(rng, self.patients), later, "600", "20"),
            ),
            (
                "behandlungen (id, lastupdate, FallID, Datum, Zeit, Eintrag)",
                (_pick(rng, self.cases), today, "090000", note),
            ),
        )[n % 3]
        execute(f"INSERT INTO {statement} VALUES (%s, %s, %s, %s, %s, %s)", (_new_id(), _now_ms(), *values))

    def _follow(self, n: int, *tables: str) -> None:
        """Write the row number `n` of the tables without transactions."""
        texts = {"logs": "text", "journal": "eintrag"}
        for table in tables:
            self.cursor.execute(
                f"INSERT INTO {table} (id, lastupdate, n, datum, {texts[table]}) VALUES (%s, %s, %s, %s, %s)",
                (_new_id(), _now_ms(), n, time.strftime("%Y%m%d%H%M%S"), f"Übertrag {n} verbucht"),
            )

    def _pay_debts(self) -> None:
        """Write the rows that a killed writer could not write after its last commit."""
        rounded = self.n - self.n % STEP
        for table in ("logs", "journal"):
            if read_number(self.cursor, f"SELECT MAX(n) FROM {table}") < rounded:
                self._follow(rounded, table)

    def _column(self, query: str) -> list[str]:
        """Return the first column of a query."""
        self.cursor.execute(query)
        return [row[0] for row in self.cursor.fetchall()]


class Writer(Child):
    """A writer in a process of its own, as long as the ``with`` block.

    `rate` is in transactions per second; None means as many as it can.
    """

    def __init__(self, socket: Path, *, database: str, user: str, password: str, rate: float | None = None) -> None:
        """Remember where to write; nothing is started before `start`."""
        self.socket, self.database, self.user, self.password, self.rate = (
            socket,
            database,
            user,
            password,
            rate,
        )
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._stats: dict[str, Any] = {}

    def start(self, timeout_seconds: float = 60) -> None:
        """Start the process and wait for its first commit; RuntimeError when there is none."""
        self._folder = tempfile.TemporaryDirectory(prefix="practice-writer-")
        self._stats = {}
        self._process = subprocess.Popen(
            self._command(Path(self._folder.name)),
            cwd=Path(__file__).parents[1],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        end = time.monotonic() + timeout_seconds
        while self.commits() == 0:
            if not self.is_running or time.monotonic() > end:
                raise RuntimeError(f"The writer does not write. {self.kill()}")
            time.sleep(0.02)

    def commits(self) -> int:
        """Return how many transactions were committed, at most half a second old."""
        if self._folder:
            with contextlib.suppress(FileNotFoundError):
                self._stats = json.loads((Path(self._folder.name) / "stats.json").read_text())
        return int(self._stats.get("commits", 0))

    def stop(self, timeout_seconds: float = 60) -> int:
        """Let the writer finish its transaction, and return how many it committed.

        Raises RuntimeError with its last words when it ended by itself with an error.
        """
        if self._process and self.is_running:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout_seconds)
        code = self._process.poll() if self._process else 0
        words_of_death = self.kill()
        if code:
            raise RuntimeError(f"The writer ended with {code}. {words_of_death}")
        return self.commits()

    def kill(self) -> str:
        """End the writer in the middle of its work (SIGKILL); returns what it wrote to stderr."""
        said = ""
        if self._process:
            self._process.kill()
            said = self._process.communicate()[1].decode(errors="replace")
            self._process = None
        if self._folder:
            self.commits()
            self._folder.cleanup()
            self._folder = None
        return said

    def _command(self, folder: Path) -> list[str]:
        """Return the command line; the password goes through a file."""
        password_file = folder / "password"
        password_file.write_text(self.password)
        command = [
            sys.executable,
            "-m",
            "demo.writer",
            "--socket",
            str(self.socket),
            "--database",
            self.database,
        ]
        command += [
            "--user",
            self.user,
            "--password-file",
            str(password_file),
            "--stats",
            str(folder / "stats.json"),
        ]
        return command + ([f"--rate={self.rate}"] if self.rate else [])


def main(arguments: Sequence[str] | None = None) -> int:
    """Write until SIGTERM or SIGINT."""
    options = _parse(arguments)
    stopped = _stop_on_signals()
    work = Work(_connect(options))
    started, first, next_stats = time.time(), work.n, 0.0
    begin = time.monotonic()
    while not stopped:
        work.commit_one()
        now = time.monotonic()
        if now >= next_stats:
            _write_stats(options.stats, work.n - first, started)
            next_stats = now + STATS_SECONDS
        if options.rate:
            _sleep_until(begin + (work.n - first) / options.rate, stopped)
    _write_stats(options.stats, work.n - first, started)
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="demo.writer", description="Commits transactions until SIGTERM.")
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--user", required=True)
    parser.add_argument("--password-file", type=Path, required=True)
    parser.add_argument("--stats", type=Path, required=True, help="JSON file, written twice a second")
    parser.add_argument("--rate", type=float, help="transactions per second; as many as possible when missing")
    return parser.parse_args(arguments)


def _connect(options: argparse.Namespace) -> Connection:
    """Connect to the practice's database."""
    password = options.password_file.read_text().rstrip("\n")
    return MySQLdb.connect(
        unix_socket=str(options.socket),
        user=options.user,
        password=password,
        database=options.database,
        charset="utf8mb4",
        autocommit=True,
    )


def _stop_on_signals() -> list[int]:
    """Return a list that gets the number of the first signal to stop."""
    received: list[int] = []

    def remember(number: int, _frame: FrameType | None) -> None:
        received.append(number)

    signal.signal(signal.SIGTERM, remember)
    signal.signal(signal.SIGINT, remember)
    return received


def _sleep_until(moment: float, stopped: list[int]) -> None:
    """Sleep until `moment` of the monotonic clock, in short pieces, so that a signal is seen soon."""
    while not stopped and (left := moment - time.monotonic()) > 0:
        time.sleep(min(left, 0.1))


def _write_stats(path: Path, commits: int, started: float) -> None:
    """Replace the statistics in one step, so that a reader never sees half of them."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps({"commits": commits, "started": started, "pid": os.getpid()}))
    part.replace(path)


def _pick(rng: random.Random, values: Sequence[str]) -> str:
    """Return one of `values`, or a new identifier when there is none."""
    return rng.choice(values) if values else _new_id()


def _new_id() -> str:
    """Return a new identifier of 25 characters."""
    return secrets.token_hex(13)[:25]


def _now_ms() -> int:
    """Return the present time as Elexis writes it."""
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    sys.exit(main())
