"""What a database holds beside rows: tables by name, and views, routines, triggers and events as statements.

RENAME TABLE takes tables of every engine, sequences and foreign keys into another database, but no table that has
triggers, no view, no routine and no event. So these are read as statements, dropped and made again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import MySQLdb
from MySQLdb.connections import Connection

from backups.domain.mariadb.server import quote, rows, value
from backups.domain.sql.definers import strip_definer

# In this order they are made: a view may call a function, an event anything.
KINDS = ("FUNCTION", "PROCEDURE", "PACKAGE", "PACKAGE BODY", "VIEW", "TRIGGER", "EVENT")
_LISTS = {
    "VIEW": "SELECT 'VIEW', table_name FROM information_schema.views WHERE table_schema = %s",
    "TRIGGER": "SELECT 'TRIGGER', trigger_name FROM information_schema.triggers WHERE trigger_schema = %s "
    "ORDER BY action_order",
    "EVENT": "SELECT 'EVENT', event_name FROM information_schema.events WHERE event_schema = %s",
    "ROUTINE": "SELECT routine_type, routine_name FROM information_schema.routines WHERE routine_schema = %s",
}
_TABLES = (
    "SELECT table_name FROM information_schema.tables WHERE table_schema = %s "
    "AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED', 'SEQUENCE') ORDER BY table_name"
)
_MODES = (
    "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata WHERE schema_name = %s"
)
_EVENT_HEAD = re.compile(
    r"^(CREATE\s+EVENT (?:`(?:[^`]|``)*`\.)?`(?:[^`]|``)*` ON SCHEDULE .*? ON COMPLETION (?:NOT )?PRESERVE) ENABLE\b",
    re.DOTALL,
)
_VIEW_HEAD = re.compile(r"^(CREATE\s+(?:ALGORITHM=\w+\s+)?)SQL SECURITY DEFINER (?=VIEW )")


@dataclass(frozen=True)
class SchemaObject:
    """A view, routine, trigger or event; ``statement`` as the server shows it, with its definer."""

    kind: str
    name: str
    statement: str
    sql_mode: str = ""
    collation: str = ""
    is_invoker: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, self.name.lower()

    @property
    def bare(self) -> str:
        """Without its definer."""
        return " ".join(strip_definer(self.statement).split())


@dataclass(frozen=True)
class Schema:
    """A database without its rows."""

    tables: tuple[str, ...] = ()
    objects: tuple[SchemaObject, ...] = ()
    charset: str = ""
    collation: str = ""


def read_schema(conn: Connection, database: str) -> Schema:
    """Read a database that the account may see in full. Empty when it is not there."""
    modes = rows(conn, _MODES, (database,))
    charset, collation = modes[0] if modes else ("", "")
    return Schema(tuple(list_all_tables(conn, database)), tuple(_read_objects(conn, database)), charset, collation)


def list_all_tables(conn: Connection, database: str) -> list[str]:
    """Tables and sequences, whatever their engine."""
    return [str(name) for (name,) in rows(conn, _TABLES, (database,))]


def count_all_rows(conn: Connection, database: str) -> dict[str, int]:
    """Exact rows of all tables; a sequence has one."""
    query = "SELECT COUNT(*) FROM {}.{}"
    names = list_all_tables(conn, database)
    return {name: int(value(conn, query.format(quote(database), quote(name)))) for name in names}


def _read_objects(conn: Connection, database: str) -> list[SchemaObject]:
    found = [(str(kind), str(name)) for query in _LISTS.values() for kind, name in rows(conn, query, (database,))]
    objects = [_read_object(conn, database, kind, name) for kind, name in found]
    return sorted(objects, key=lambda item: KINDS.index(item.kind))


def _read_object(conn: Connection, database: str, kind: str, name: str) -> SchemaObject:
    with conn.cursor() as cursor:
        cursor.execute(f"SHOW CREATE {kind} {quote(database)}.{quote(name)}")
        names = [column[0].lower() for column in cursor.description]
        shown: Mapping[str, Any] = dict(zip(names, cursor.fetchone(), strict=True))
    # ``SQL Original Statement`` of a trigger, ``Create View`` and so on of the others
    statement = next(shown[key] for key in names if key.startswith(("create ", "sql original")))
    return SchemaObject(kind, name, str(statement), shown.get("sql_mode", ""), shown.get("collation_connection", ""))


def plan_objects(found: Iterable[SchemaObject], live: Iterable[SchemaObject]) -> tuple[SchemaObject, ...]:
    """What a file brings, as it is made on the practice's server.

    What is there already and says the same stays as it is, with its account. The rest comes from a foreign file: it
    may do what its caller may, not what we may, and an event waits until somebody switches it on.
    """
    known = {item.key: item for item in live}
    return tuple(
        known[item.key] if item.key in known and known[item.key].bare == item.bare else _tame(item) for item in found
    )


def _tame(item: SchemaObject) -> SchemaObject:
    bare = strip_definer(item.statement)
    if item.kind == "EVENT":
        return replace(item, statement=_EVENT_HEAD.sub(r"\1 DISABLE", bare, count=1))
    if item.kind == "VIEW":
        return replace(item, statement=_VIEW_HEAD.sub(r"\1SQL SECURITY INVOKER ", bare, count=1))
    return replace(item, statement=bare, is_invoker=item.kind in ("FUNCTION", "PROCEDURE"))


def drop_objects(
    conn: Connection, database: str, wanted: Iterable[SchemaObject], *, are_tables_leaving: bool = False
) -> None:
    """Drop what is not wanted as it is; all triggers when the tables are about to leave."""
    kept = {item.key: item.bare for item in wanted}
    for item in reversed(_read_objects(conn, database)):
        is_leaving = are_tables_leaving and item.kind == "TRIGGER"
        if is_leaving or kept.get(item.key) != item.bare:
            conn.query(f"DROP {item.kind} IF EXISTS {quote(database)}.{quote(item.name)}")


def make_objects(conn: Connection, database: str, wanted: Iterable[SchemaObject], *, can_set_user: bool) -> None:
    """Make what is not there. A view may need another one: those that fail are tried again behind the others.

    Raises ``MySQLdb.Error`` when one cannot be made.
    """
    present = {item.key for item in _read_objects(conn, database)}
    waiting = [item for item in wanted if item.key not in present]
    conn.select_db(database)
    while waiting:
        failed = [item for item in waiting if not _try_make(conn, database, item, can_set_user)]
        if len(failed) == len(waiting):
            _make(conn, database, failed[0], can_set_user)
        waiting = failed


def _try_make(conn: Connection, database: str, item: SchemaObject, can_set_user: bool) -> bool:
    if item.kind != "VIEW":
        _make(conn, database, item, can_set_user)
        return True
    with suppress(MySQLdb.ProgrammingError, MySQLdb.OperationalError):
        _make(conn, database, item, can_set_user)
        return True
    return False


def _make(conn: Connection, database: str, item: SchemaObject, can_set_user: bool) -> None:
    rows(conn, "SET SESSION sql_mode = %s", (item.sql_mode,))
    if re.fullmatch(r"\w+", item.collation):
        conn.query(f"SET collation_connection = {item.collation}")
    conn.query(item.statement if can_set_user else strip_definer(item.statement))
    if item.is_invoker:
        conn.query(f"ALTER {item.kind} {quote(database)}.{quote(item.name)} SQL SECURITY INVOKER")


def set_collation(conn: Connection, database: str, schema: Schema) -> None:
    """Give a database the default character set of another one.

    Only when it has another: somebody who has locked a table would make us wait.
    """
    if rows(conn, _MODES, (database,)) == [(schema.charset, schema.collation)]:
        return
    if re.fullmatch(r"\w+", schema.charset) and re.fullmatch(r"\w+", schema.collation):
        conn.query(f"ALTER DATABASE {quote(database)} CHARACTER SET {schema.charset} COLLATE {schema.collation}")
