"""The database itself refuses to change or delete an event, whoever asks."""

from __future__ import annotations

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.translation import gettext

from oobsite.errors import SettingError

TABLE = "audit_auditevent"
_NEEDS_TRUST = 1419  # MariaDB's ER_BINLOG_CREATE_ROUTINE_NEED_SUPER
_OPERATIONS = ("update", "delete")
_TEXT = "audit events are never changed or deleted"
_POSTGRESQL_FUNCTION = f"{TABLE}_refuse"


def create_triggers(connection: BaseDatabaseWrapper) -> None:
    _run(connection, [*drop_statements(connection.vendor), *create_statements(connection.vendor)])


def drop_triggers(connection: BaseDatabaseWrapper) -> None:
    _run(connection, drop_statements(connection.vendor))


def create_statements(vendor: str) -> list[str]:
    """Statements that make the triggers; ``vendor`` is sqlite, mysql (also MariaDB) or postgresql."""
    if vendor == "postgresql":
        return [_POSTGRESQL_MAKE_FUNCTION, *(_postgresql(operation) for operation in (*_OPERATIONS, "truncate"))]
    make = _sqlite if vendor == "sqlite" else _mysql
    return [make(operation) for operation in _OPERATIONS]


def drop_statements(vendor: str) -> list[str]:
    if vendor == "postgresql":
        return [
            *(f"DROP TRIGGER IF EXISTS {_name(operation)} ON {TABLE}" for operation in (*_OPERATIONS, "truncate")),
            f"DROP FUNCTION IF EXISTS {_POSTGRESQL_FUNCTION}",
        ]
    return [f"DROP TRIGGER IF EXISTS {_name(operation)}" for operation in _OPERATIONS]


def _run(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            try:
                cursor.execute(statement)
            except OperationalError as error:
                if error.args[:1] == (_NEEDS_TRUST,):
                    raise SettingError(_trust_sentence()) from error
                raise


def _trust_sentence() -> str:
    return gettext(
        "The database does not let oobsite protect its audit log: with a binary log, MariaDB allows triggers only when "
        "log_bin_trust_function_creators = 1 stands in its configuration. Set it, restart MariaDB, and run "
        "`manage.py prepare` again."
    )


def _name(operation: str) -> str:
    return f"{TABLE}_no_{operation}"


def _sqlite(operation: str) -> str:
    refusal = f"SELECT RAISE(ABORT, '{_TEXT}');"
    return f"CREATE TRIGGER {_name(operation)} BEFORE {operation.upper()} ON {TABLE} BEGIN {refusal} END"


def _mysql(operation: str) -> str:
    refusal = f"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{_TEXT}'"
    return f"CREATE TRIGGER {_name(operation)} BEFORE {operation.upper()} ON {TABLE} FOR EACH ROW {refusal}"


_POSTGRESQL_MAKE_FUNCTION = (
    f"CREATE OR REPLACE FUNCTION {_POSTGRESQL_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{_TEXT}'; END $$"
)


def _postgresql(operation: str) -> str:
    return (
        f"CREATE TRIGGER {_name(operation)} BEFORE {operation.upper()} ON {TABLE} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {_POSTGRESQL_FUNCTION}()"
    )
