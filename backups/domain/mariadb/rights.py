"""Which rights an account needs on the server, which it has, and the statements that give them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from MySQLdb.connections import Connection

from backups.domain.errors import RightsMissingError
from backups.domain.mariadb.server import parse_version, rows, value

HOT_RIGHTS = ("RELOAD", "PROCESS", "LOCK TABLES")
BINLOG_RIGHT = "BINLOG MONITOR"
COUNT_RIGHTS = ("SELECT",)
DUMP_RIGHTS = ("SELECT", "SHOW VIEW", "TRIGGER", "EVENT")
RESTORE_RIGHTS = ("SHUTDOWN",)
PASSWORD = "<password>"  # noqa: S105 - it stands for the one that the practice chooses
_GRANT = re.compile(r"^GRANT (?P<rights>.+?) ON (?P<scope>.+?) TO ", re.IGNORECASE)
# One right, two names: SHOW GRANTS tells the newer one since 10.5.
_ALIASES = {"REPLICATION CLIENT": BINLOG_RIGHT}


@dataclass(frozen=True)
class Grants:
    """Rights of an account: on the whole server, and by scope such as ``elexisoob.*``, names in capitals."""

    everywhere: frozenset[str]
    by_scope: dict[str, frozenset[str]]

    def on_server(self, right: str) -> bool:
        return right in self.everywhere or "ALL PRIVILEGES" in self.everywhere

    def on_database(self, right: str, database: str) -> bool:
        if self.on_server(right):
            return True
        held = [rights for scope, rights in self.by_scope.items() if _covers(scope, database)]
        return any(right in rights or "ALL PRIVILEGES" in rights for rights in held)

    def on_table(self, right: str, scope: str) -> bool:
        database = scope.partition(".")[0]
        return self.on_database(right, database) or right in self.by_scope.get(scope, frozenset())


def _covers(scope: str, database: str) -> bool:
    """Whether ``elexis\\_%.*`` covers a database: % and _ are wildcards unless a backslash stands before them."""
    name, _, table = scope.rpartition(".")
    if table != "*":
        return False
    pieces = re.findall(r"\\.|.", name)
    wild = {"%": ".*", "_": "."}
    pattern = "".join(
        re.escape(piece[1]) if piece[0] == "\\" else wild.get(piece, re.escape(piece)) for piece in pieces
    )
    return re.fullmatch(pattern, database, re.IGNORECASE) is not None


def read_grants(conn: Connection) -> Grants:
    """Read the rights of the account that is logged in, those of its active roles included."""
    everywhere: set[str] = set()
    by_scope: dict[str, frozenset[str]] = {}
    for (line,) in rows(conn, "SHOW GRANTS"):
        found = _GRANT.match(line)
        if not found:
            continue
        names = (right.strip().upper() for right in re.sub(r"\([^)]*\)", "", found["rights"]).split(","))
        rights = frozenset(_ALIASES.get(name, name) for name in names)
        scope = found["scope"].replace("`", "")
        if scope == "*.*":
            everywhere |= rights
        else:
            by_scope[scope] = by_scope.get(scope, frozenset()) | rights
    return Grants(frozenset(everywhere), by_scope)


def missing_for_hot(conn: Connection, grants: Grants) -> list[str]:
    """Rights that a hot backup lacks, as the words of a GRANT."""
    needed = [*HOT_RIGHTS] + ([BINLOG_RIGHT] if value(conn, "SELECT @@log_bin") else [])
    return [f"{right} ON *.*" for right in needed if not grants.on_server(right)]


def missing_for_counts(grants: Grants, database: str) -> list[str]:
    return _missing_on_database(COUNT_RIGHTS, grants, database)


def missing_for_dump(conn: Connection, grants: Grants, database: str) -> list[str]:
    """Rights without which mariadb-dump leaves things out and says nothing."""
    missing = _missing_on_database(DUMP_RIGHTS, grants, database)
    return missing if _sees_routines(conn, grants, database) else [*missing, _routine_right(conn, database)]


def missing_for_restore(grants: Grants, database: str) -> list[str]:
    missing = [f"{right} ON *.*" for right in RESTORE_RIGHTS if not grants.on_server(right)]
    scopes = [scope for scope in (database, "oob_x") if not grants.on_database("ALL PRIVILEGES", scope)]
    return missing + [f"ALL ON `{scope.replace('oob_x', OWN_SCHEMAS)}`.*" for scope in scopes]


OWN_SCHEMAS = r"oob\_%"


def _missing_on_database(rights: Iterable[str], grants: Grants, database: str) -> list[str]:
    return [f"{right} ON `{database}`.*" for right in rights if not grants.on_database(right, database)]


def _sees_routines(conn: Connection, grants: Grants, database: str) -> bool:
    if grants.on_table("SELECT", "mysql.proc"):
        return True
    return parse_version(str(value(conn, "SELECT VERSION()"))) >= (11, 3, 0) and grants.on_database(
        "SHOW CREATE ROUTINE", database
    )


def _routine_right(conn: Connection, database: str) -> str:
    if parse_version(str(value(conn, "SELECT VERSION()"))) >= (11, 3, 0):
        return f"SHOW CREATE ROUTINE ON `{database}`.*"
    return "SELECT ON `mysql`.`proc`"


def require(user: str, missing: list[str]) -> None:
    """Raise ``RightsMissingError`` unless the list is empty."""
    if missing:
        raise RightsMissingError(user, missing)


def make_grant_statements(user: str, database: str, *, for_restore: bool, version: tuple[int, int, int]) -> list[str]:
    """The statements that a practice runs once, as root of its MariaDB. They hold no password."""
    account = f"'{user}'@'%'"
    routines = f"SHOW CREATE ROUTINE ON `{database}`.*" if version >= (11, 3, 0) else "SELECT ON `mysql`.`proc`"
    statements = [
        f"CREATE USER IF NOT EXISTS {account} IDENTIFIED BY '{PASSWORD}';",
        f"GRANT RELOAD, PROCESS, LOCK TABLES, REPLICATION CLIENT ON *.* TO {account};",
        f"GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON `{database}`.* TO {account};",
        f"GRANT {routines} TO {account};",
    ]
    if for_restore:
        statements += [
            f"GRANT SHUTDOWN ON *.* TO {account};",
            f"GRANT ALL ON `{database}`.* TO {account};",
            f"GRANT ALL ON `{OWN_SCHEMAS}`.* TO {account};",
        ]
    return statements
