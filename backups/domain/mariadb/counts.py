"""What a practice has in its database: rows of the tables, patients, last consultation, open invoices.

Elexis' schema is documented in its source (ch.elexis.core.data, rsc/elexis.sql). Nothing here fails on another
schema: what is not there is not counted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from MySQLdb.connections import Connection

from backups.domain.mariadb.server import quote, rows, value

# Counted exactly, before and after each backup and in each proof. All that hurts when it is missing.
CORE_TABLES = (
    "kontakt",
    "faelle",
    "behandlungen",
    "leistungen",
    "rechnungen",
    "agntermine",
    "laborwerte",
    "heap",
    "heap2",
    "user_",
    "config",
)
# RnStatus of Elexis: 4 open, 5 printed, 6 to 11 reminders, 12 debt collection, 15 partly paid.
_OPEN_INVOICE_STATES = "'4','5','6','7','8','9','10','11','12','15'"
_FIGURES = {
    "patients": ("kontakt", "SELECT COUNT(*) FROM {} WHERE istPatient = '1' AND deleted = '0'"),
    "last_consultation": ("behandlungen", "SELECT MAX(Datum) FROM {} WHERE deleted = '0'"),
    "last_appointment": ("agntermine", "SELECT MAX(Tag) FROM {} WHERE deleted = '0'"),
    "last_invoice": ("rechnungen", "SELECT MAX(RnDatum) FROM {} WHERE deleted = '0'"),
    "documents": ("ch_elexis_omnivore_data", "SELECT COUNT(*) FROM {} WHERE deleted = '0'"),
    "last_document": ("ch_elexis_omnivore_data", "SELECT MAX(Datum) FROM {} WHERE deleted = '0'"),
    "last_letter": ("heap2", "SELECT MAX(datum) FROM {} WHERE deleted = '0'"),
    "open_invoices": ("rechnungen", f"SELECT COUNT(*) FROM {{}} WHERE RnStatus IN ({_OPEN_INVOICE_STATES})"),  # noqa: S608
}
_BASE_TABLES = (
    "SELECT table_name, COALESCE(table_rows, 0) FROM information_schema.tables WHERE LOWER(table_schema) = LOWER(%s) "
    "AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY table_name"
)


def count_practice(conn: Connection, database: str) -> dict[str, Any]:
    """Count a database: ``core`` exact rows, ``tables`` estimates of all tables, ``figures`` of the practice."""
    name = find_database(conn, database) or database
    estimates = list_tables(conn, name)
    return {
        "core": count_core(conn, name, estimates),
        "tables": estimates,
        "figures": read_figures(conn, name, estimates),
        "ddl": _count_ddl(conn),
    }


def _count_ddl(conn: Connection) -> int:
    """How often tables were made, changed, renamed or dropped since the server's start: another number behind the
    backup says that a table may have been away in its moment."""
    statements = ("Com_create_table", "Com_alter_table", "Com_rename_table", "Com_drop_table")
    status = dict(rows(conn, "SHOW GLOBAL STATUS LIKE 'Com%table'"))
    return sum(int(status.get(name, 0)) for name in statements)


def count_core(conn: Connection, database: str, tables: Mapping[str, int]) -> dict[str, int]:
    """Exact rows of the core tables that exist; names in small letters, whatever the server's case."""
    present = {name.lower(): name for name in tables}
    return {
        core: int(value(conn, f"SELECT COUNT(*) FROM {quote(database)}.{quote(present[core])}"))  # noqa: S608
        for core in CORE_TABLES
        if core in present
    }


def list_tables(conn: Connection, database: str) -> dict[str, int]:
    """Tables of a database with their estimated rows."""
    return {str(name): int(count) for name, count in rows(conn, _BASE_TABLES, (database,))}


def find_database(conn: Connection, database: str) -> str | None:
    """The name of the database as this server spells it; None when it is not there."""
    found = value(
        conn,
        "SELECT schema_name FROM information_schema.schemata WHERE LOWER(schema_name) = LOWER(%s)",
        (database,),
    )
    return str(found) if found is not None else None


def read_figures(conn: Connection, database: str, tables: Mapping[str, int]) -> dict[str, Any]:
    """Figures of the practice, as far as the tables that they come from are there; dates as ``YYYYMMDD``."""
    present = {name.lower(): name for name in tables}
    figures: dict[str, Any] = {}
    for figure, (table, query) in _FIGURES.items():
        if table in present and _has_columns(conn, database, present[table], query):
            found = value(conn, query.format(f"{quote(database)}.{quote(present[table])}"))
            figures[figure] = int(found) if isinstance(found, int) else found
    return figures


def _has_columns(conn: Connection, database: str, table: str, query: str) -> bool:
    """Whether a table has the columns that a query names: elsewhere the schema may differ."""
    found = rows(
        conn,
        "SELECT LOWER(column_name) FROM information_schema.columns "
        "WHERE LOWER(table_schema) = LOWER(%s) AND table_name = %s",
        (database, table),
    )
    columns = {str(name) for (name,) in found}
    return set(re.findall(r"\b(istpatient|deleted|datum|tag|rndatum|rnstatus)\b", query.lower())) <= columns
