"""The practice's MariaDB as a client sees it: login, version, what a later start of its files needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import MySQLdb
from MySQLdb.connections import Connection

from backups.domain.errors import LoginRefusedError, QueryFailedError, ServerUnreachableError
from oobsite.files import write_private

_ACCESS_DENIED = (1044, 1045, 1698)
_CONNECT_SECONDS = 10
# Variables that a server which boots on these files must be started with, and what the manifest tells beside.
START_VARIABLES = (
    "lower_case_table_names",
    "innodb_page_size",
    "innodb_undo_tablespaces",
    "innodb_data_file_path",
)


@dataclass(frozen=True)
class Access:
    """How to reach the server. With ``socket`` host and port are not used."""

    host: str
    port: int
    user: str
    password: str
    database: str
    socket: str = ""

    @property
    def address(self) -> str:
        return self.socket or f"{self.host}:{self.port}"


@contextmanager
def connection(access: Access, *, read_seconds: int = 0) -> Iterator[Connection]:
    """Connect without choosing a database. Raises ``ServerUnreachableError``, ``LoginRefusedError``."""
    options: dict[str, Any] = {"unix_socket": access.socket} if access.socket else {"host": access.host}
    if read_seconds:
        options["read_timeout"] = read_seconds
    try:
        opened = MySQLdb.connect(
            user=access.user,
            passwd=access.password,
            port=access.port,
            connect_timeout=_CONNECT_SECONDS,
            charset="utf8mb4",
            autocommit=True,
            ssl_mode="PREFERRED",
            **options,
        )
    except MySQLdb.OperationalError as error:
        raise _explain(access, error) from error
    with closing(opened):
        yield opened


@contextmanager
def practice_connection(access: Access) -> Iterator[Connection]:
    """As ``connection``; an error of any query is a ``QueryFailedError``."""
    with connection(access) as conn:
        try:
            yield conn
        except MySQLdb.Error as error:
            raise QueryFailedError(access.address, str(error.args[-1] if error.args else error)) from error


def _explain(access: Access, error: MySQLdb.OperationalError) -> Exception:
    code, text = (*error.args, "", "")[:2]
    if code in _ACCESS_DENIED:
        return LoginRefusedError(access.address, access.user)
    return ServerUnreachableError(access.address, str(text))


def rows(conn: Connection, query: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Run a query and fetch everything."""
    with closing(conn.cursor()) as cursor:
        cursor.execute(query, parameters or None)
        return list(cursor.fetchall())


def value(conn: Connection, query: str, parameters: tuple[Any, ...] = ()) -> Any:
    """The first column of the first row; None when there is none."""
    found = rows(conn, query, parameters)
    return found[0][0] if found else None


def quote(name: str) -> str:
    """Quote an identifier."""
    return "`" + name.replace("`", "``") + "`"


def parse_version(text: str) -> tuple[int, int, int]:
    """``10.11.19-MariaDB-0+deb12u1`` -> ``(10, 11, 19)``; zeros where nothing can be read."""
    parts = text.split("-")[0].split(".")
    major, minor, patch = (int(part) if part.isdigit() else 0 for part in [*parts, "", "", ""][:3])
    return major, minor, patch


def read_server_facts(conn: Connection) -> dict[str, Any]:
    """What the manifest says of the server: version, start options, engines, position in the binary log."""
    variables = dict(rows(conn, "SHOW GLOBAL VARIABLES"))
    facts: dict[str, Any] = {
        name: int(variables[name]) if variables[name].isdigit() else variables[name]
        for name in START_VARIABLES
        if name in variables
    }
    facts["version"] = variables["version"]
    facts["datadir"] = variables["datadir"]
    facts["log_bin"] = variables.get("log_bin") == "ON"
    facts["gtid"] = variables.get("gtid_binlog_pos", "")
    facts["engines"] = count_engines(conn)
    return facts


def read_version(conn: Connection) -> str:
    return str(value(conn, "SELECT VERSION()"))


def count_engines(conn: Connection) -> dict[str, int]:
    """Tables of each engine, without those of the server itself."""
    query = (
        "SELECT engine, COUNT(*) FROM information_schema.tables WHERE table_type IN ('BASE TABLE', 'SEQUENCE') "
        "AND engine IS NOT NULL AND table_schema NOT IN "
        "('information_schema', 'performance_schema', 'mysql', 'sys') GROUP BY engine ORDER BY engine"
    )
    return {engine: int(count) for engine, count in rows(conn, query)}


def write_defaults_file(folder: Path, access: Access) -> Path:
    """Write the login for a client program, 0600: a password never stands in a command line."""
    lines = ["[client]", f'user="{_escape(access.user)}"', f'password="{_escape(access.password)}"']
    lines += [f'socket="{_escape(access.socket)}"'] if access.socket else []
    lines += [] if access.socket else [f'host="{_escape(access.host)}"', f"port={access.port}", "protocol=tcp"]
    path = folder / "client.cnf"
    path.unlink(missing_ok=True)
    write_private(path, "\n".join([*lines, ""]).encode())
    return path


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
