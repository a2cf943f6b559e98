"""Agenda areas and appointment types, as Elexis has them; the worker alone reaches its database."""

from __future__ import annotations

from dataclasses import dataclass

import MySQLdb
from django.conf import settings
from MySQLdb.connections import Connection

from backups.domain.mariadb.counts import find_database, list_tables
from backups.domain.mariadb.server import connection, quote, rows, value
from backups.domain.restore.errors import WorkerSilentError
from backups.services.asking import ask
from backups.services.config import practice_access
from oobsite.errors import OobError

_READ_SECONDS = 3
_MOST = 200
_CONFIG = {"areas": "agenda/bereiche", "types": "agenda/TerminTypen"}
_COLUMNS = {"areas": "Bereich", "types": "TerminTyp"}


@dataclass(frozen=True)
class Offers:
    """Empty where nobody knows: then any text may be right."""

    areas: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    def unknown(self, area: str, appointment_type: str) -> list[tuple[str, str]]:
        """Field and value of what Elexis does not have."""
        pairs = (("agenda_area", area, self.areas), ("appointment_type", appointment_type, self.types))
        return [(name, text) for name, text, known in pairs if text and known and text not in known]


def ask_offers() -> Offers:
    """From a page; a worker or a database that does not answer has nothing to offer."""
    try:
        offers: Offers | None = ask("selfservice.jobs.offer", None)
    except WorkerSilentError:
        offers = None
    return offers or Offers()


def read_offers() -> Offers:
    """In the worker."""
    try:
        with connection(practice_access(), read_seconds=_READ_SECONDS) as conn:
            return _read(conn)
    except (OobError, MySQLdb.Error):
        return Offers()


def _read(conn: Connection) -> Offers:
    database = find_database(conn, settings.DBNAME)
    if database is None:
        return Offers()
    tables = {name.lower(): name for name in list_tables(conn, database)}
    found = {kind: _names(conn, database, tables, kind) for kind in _CONFIG}
    return Offers(found["areas"], found["types"])


def _names(conn: Connection, database: str, tables: dict[str, str], kind: str) -> tuple[str, ...]:
    """As it is set in Elexis, else what stands in the agenda."""
    texts: list[str] = []
    if "config" in tables:
        table = f"{quote(database)}.{quote(tables['config'])}"
        texts = str(value(conn, f"SELECT wert FROM {table} WHERE param = %s", (_CONFIG[kind],)) or "").split(",")  # noqa: S608 - quoted
    if not any(texts) and "agntermine" in tables:
        column, table = _COLUMNS[kind], f"{quote(database)}.{quote(tables['agntermine'])}"
        query = f"SELECT DISTINCT {column} FROM {table} WHERE deleted = '0' LIMIT {_MOST}"  # noqa: S608 - quoted
        texts = sorted(str(text or "") for (text,) in rows(conn, query))
    return tuple(dict.fromkeys(filter(None, (text.strip() for text in texts))))
