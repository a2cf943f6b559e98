"""The keys at a start: made on an empty installation, required beside a database. Knows no Django.

A database whose key is gone would lose every secret in it without a word, so the start is refused then.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from oobsite.errors import SettingError
from oobsite.keys import FIELD_KEYS_NAME, SECRET_KEY_NAME, create_field_keys, create_secret_key, read_field_keys

_TEXT_TYPES = ("text", "longtext", "json", "jsonb", "character varying", "varchar")
_COLUMNS = {
    "sqlite3": "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'",
    "mysql": "SELECT table_name, column_name, data_type FROM information_schema.columns "
    "WHERE table_schema = DATABASE()",
    "postgresql": "SELECT table_name, column_name, data_type FROM information_schema.columns "
    "WHERE table_schema = current_schema()",
}


def load_keys(data_dir: Path, database: Mapping[str, Any], _: Callable[[str], str]) -> str:
    """Return Django's secret key, and see to it that the field keys are there; ``_`` translates.

    Raises ``SettingError`` with a sentence when the database ``database`` (as in Django's DATABASES) is not empty
    and a key that it needs is gone.
    """
    try:
        data_dir.mkdir(mode=0o770, parents=True, exist_ok=True)
        missing = [name for name in (SECRET_KEY_NAME, FIELD_KEYS_NAME) if not (data_dir / name).exists()]
        if missing:
            _require_not_needed(missing, data_dir, database, _)
            create_secret_key(data_dir)
            create_field_keys(data_dir)
        if not read_field_keys(data_dir / FIELD_KEYS_NAME):
            raise SettingError(_refusal(FIELD_KEYS_NAME, data_dir, _))
        key = (data_dir / SECRET_KEY_NAME).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingError(f"OOB_DATA_DIR: {data_dir}: {error}") from error
    if not key:
        raise SettingError(_refusal(SECRET_KEY_NAME, data_dir, _))
    return key


def _require_not_needed(
    missing: list[str], data_dir: Path, database: Mapping[str, Any], _: Callable[[str], str]
) -> None:
    """An installation that is older than the field keys has none and needs none, until it keeps a secret."""
    try:
        is_ours, has_token = _look_into(database)
    except Exception as error:  # whatever the driver of the database raises
        sentence = _(
            "A key is missing in %(folder)s, and whether the database needs it cannot be told: the database does not "
            "answer (%(reason)s). Nothing was changed. Start the database, then try again."
        )
        raise SettingError(sentence % {"folder": data_dir, "reason": " ".join(str(error).split())}) from None
    if is_ours and SECRET_KEY_NAME in missing:
        raise SettingError(_refusal(SECRET_KEY_NAME, data_dir, _))
    if has_token:
        raise SettingError(_refusal(FIELD_KEYS_NAME, data_dir, _))


def _refusal(name: str, data_dir: Path, _: Callable[[str], str]) -> str:
    sentence = _(
        "oobsite does not start: there is a database, but its key %(path)s is missing or empty. Nothing was changed. "
        "Put the file back from a copy of the folder %(folder)s. If there is none, move the database away and run "
        "`manage.py restoreself`: it brings database and keys back from the newest backup of oobsite."
    )
    return sentence % {"path": data_dir / name, "folder": data_dir}


def _look_into(database: Mapping[str, Any]) -> tuple[bool, bool]:
    """Whether a database holds tables of ours, and whether a token stands in any."""
    engine = str(database["ENGINE"]).rpartition(".")[2]
    if engine == "sqlite3" and not Path(database["NAME"]).exists():
        return False, False
    with closing(_connect(engine, database)) as connection:
        cursor = connection.cursor()
        cursor.execute(_COLUMNS[engine])
        columns = [(row[0], row[1]) for row in cursor.fetchall() if len(row) == 2 or row[2] in _TEXT_TYPES]
        is_ours = any(table == "django_migrations" for table, _column in columns)
        return is_ours, any(_has_token(cursor, engine, *column) for column in columns)


def _has_token(cursor: Any, engine: str, table: str, column: str) -> bool:
    """Tokens begin a text, or a text within JSON."""
    quote = "`" if engine == "mysql" else '"'
    text = f"CAST({quote}{column}{quote} AS CHAR)" if engine != "postgresql" else f'"{column}"::text'
    query = f"SELECT 1 FROM {quote}{table}{quote} WHERE {text} LIKE 'gAAAAA%' OR {text} LIKE '%\"gAAAAA%' LIMIT 1"  # noqa: S608 - names of the database itself
    cursor.execute(query)
    return cursor.fetchone() is not None


def _connect(engine: str, database: Mapping[str, Any]) -> Any:
    if engine == "sqlite3":
        return sqlite3.connect(f"{Path(database['NAME']).absolute().as_uri()}?mode=ro", uri=True, timeout=20)
    values = {"host": database.get("HOST"), "user": database.get("USER"), "password": database.get("PASSWORD")}
    if database.get("PORT"):
        values["port"] = int(database["PORT"])
    return (_connect_mysql if engine == "mysql" else _connect_postgresql)(str(database["NAME"]), values)


def _connect_mysql(name: str, values: dict[str, Any]) -> Any:
    import MySQLdb

    if str(values["host"] or "").startswith("/"):
        values["unix_socket"] = values.pop("host")
    return MySQLdb.connect(database=name, **{key: value for key, value in values.items() if value})


def _connect_postgresql(name: str, values: dict[str, Any]) -> Any:
    import psycopg

    return psycopg.connect(dbname=name, **{key: value for key, value in values.items() if value})
