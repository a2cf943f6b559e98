"""A practice's database with everything that an SQL restore moves, dumps of it, and what lives on the server."""

from __future__ import annotations

import contextlib
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from realsite import DATABASE

from backups.domain.mariadb.server import Access, rows
from backups.domain.sql.exchange import begin_swap
from backups.domain.sql.journal import JournalFile, SqlJournal, new_journal
from backups.domain.sql.live import Live
from backups.domain.sql.schema import Schema, plan_objects, read_schema
from demo.server import PracticeServer, short_folder

BYTES = bytes(range(256))
_MAKE = (
    f"CREATE OR REPLACE DATABASE {DATABASE} CHARACTER SET utf8mb4 COLLATE utf8mb4_german2_ci",
    f"USE {DATABASE}",
    "CREATE TABLE kontakt (id INT PRIMARY KEY, name VARCHAR(80), inhalt BLOB) ENGINE=InnoDB",
    "CREATE TABLE faelle (id INT PRIMARY KEY, k INT, CONSTRAINT fk1 FOREIGN KEY (k) REFERENCES kontakt (id))",
    "CREATE TABLE heap (label VARCHAR(80)) ENGINE=MyISAM",
    "CREATE TABLE heap2 (label VARCHAR(80)) ENGINE=Aria",
    "CREATE SEQUENCE zaehler START WITH 5",
    "CREATE TABLE only_{label} (a INT)",
    "CREATE FUNCTION wer() RETURNS VARCHAR(80) DETERMINISTIC RETURN '{label}'",
    "CREATE PROCEDURE tut() BEGIN SELECT 'x;y'; END",
    "CREATE VIEW zweite AS SELECT id, wer() AS wer FROM kontakt",
    "CREATE VIEW erste AS SELECT * FROM zweite",
    "CREATE TRIGGER stempel BEFORE INSERT ON kontakt FOR EACH ROW SET NEW.name = CONCAT(NEW.name, ' {label}')",
    "CREATE EVENT nachts ON SCHEDULE EVERY 1 DAY DO DELETE FROM heap WHERE label = '{label}'",
    f"INSERT INTO kontakt VALUES (1, 'Zürich', x'{BYTES.hex()}')",
    "INSERT INTO faelle VALUES (1, 1)",
    "INSERT INTO heap VALUES ('{label}')",
    "INSERT INTO heap2 VALUES ('{label}')",
)
_LABELS = {
    "innodb": "SELECT SUBSTRING_INDEX(name, ' ', -1) FROM {}.kontakt",
    "myisam": "SELECT label FROM {}.heap",
    "aria": "SELECT label FROM {}.heap2",
    "view": "SELECT wer FROM {}.erste",
    "table": "SELECT SUBSTRING(table_name, 6) FROM information_schema.tables WHERE table_schema = '{}' "
    "AND table_name LIKE 'only%'",
    "trigger": "SELECT REGEXP_SUBSTR(action_statement, '(?-i)(old|new)') FROM information_schema.triggers "
    "WHERE trigger_schema = '{}'",
    "event": "SELECT REGEXP_SUBSTR(event_definition, '(?-i)(old|new)') FROM information_schema.events "
    "WHERE event_schema = '{}'",
}


@contextlib.contextmanager
def sql_server(**options):
    """A running server whose backup account may restore SQL files."""
    with (
        short_folder("oobq-") as folder,
        PracticeServer(folder, datadir=folder / "mnt" / "elexisdb", **options) as server,
    ):
        fill(server, "old")
        server.create_accounts(database_rights=["ALL"])
        with contextlib.closing(server.connect()) as conn:
            for host in ("%", "localhost"):
                conn.query(f"GRANT ALL ON `oob\\_%`.* TO {server.backup_user}@'{host}'")
                conn.query(f"GRANT SHUTDOWN ON *.* TO {server.backup_user}@'{host}'")
        yield server


@pytest.fixture(scope="module", name="server")
def server_for_sql():
    with sql_server() as server:
        yield server


def fill(server: PracticeServer, label: str) -> None:
    """Make the database anew; every kind of thing in it bears the label."""
    with contextlib.closing(server.connect()) as conn:
        for statement in _MAKE:
            conn.query(statement.format(label=label))


def dump(server: PracticeServer, *options: str, database: str = DATABASE) -> bytes:
    command = ["mariadb-dump", "--no-defaults", "-uroot", f"--socket={server.socket}", "--routines", "--events"]
    return subprocess.run([*command, "--triggers", *options, database], check=True, capture_output=True).stdout


def make_dump(server: PracticeServer, path: Path) -> Path:
    """A dump of a database that says ``new``; the server says ``old`` afterwards."""
    fill(server, "new")
    path.write_bytes(dump(server))
    fill(server, "old")
    return path


def labels(server: PracticeServer) -> set[str]:
    """What the database says of itself, in every kind of thing: one word unless it is a mix."""
    with contextlib.closing(server.connect()) as conn:
        found = {name: rows(conn, query.format(DATABASE)) for name, query in _LABELS.items()}
        assert all(len(item) == 1 for item in found.values()), found
        return {str(item[0][0]) for item in found.values()}


def databases(server: PracticeServer) -> list[str]:
    """Databases of ours on the server."""
    with contextlib.closing(server.connect()) as conn:
        return [str(name) for (name,) in rows(conn, "SHOW DATABASES") if str(name).startswith("oob_")]


def first_bytes(server: PracticeServer) -> bytes:
    with contextlib.closing(server.connect()) as conn:
        return bytes(rows(conn, f"SELECT inhalt FROM {DATABASE}.kontakt")[0][0])


@dataclass
class Swap:
    """Exchanges on a server without a private one: the new tables come from a dump that was made once."""

    server: PracticeServer
    text: bytes
    incoming: Schema
    live: Live

    def stage(self, folder: Path) -> JournalFile:
        """The moment before an exchange: old tables live, new ones beside them."""
        fill(self.server, "old")
        file = new_journal(folder / "journals", SqlJournal("k1", DATABASE, "2026-11-24T03:15:00+01:00", "new.sql"))
        with contextlib.closing(self.server.connect()) as conn:
            conn.query(f"CREATE DATABASE {file.journal.fresh}")
            command = ["mariadb", "--no-defaults", "-uroot", f"--socket={self.server.socket}", file.journal.fresh]
            subprocess.run(command, input=self.text, check=True)
            begin_swap(file, self.incoming, read_schema(conn, DATABASE))
        return file


def make_swap(server: PracticeServer) -> Swap:
    fill(server, "new")
    with contextlib.closing(server.connect()) as conn:
        found = read_schema(conn, DATABASE)
    views = [f"--ignore-table={DATABASE}.{name}" for name in ("erste", "zweite")]
    text = dump(server, "--skip-triggers", "--skip-routines", "--skip-events", *views)
    access = Access("", 0, server.backup_user, server.backup_password, DATABASE, str(server.socket))
    incoming = replace(found, objects=plan_objects(found.objects, ()))
    return Swap(server, text, incoming, Live(access, datadir=server.datadir))
