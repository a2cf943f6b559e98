"""Whether the account that we use will be let in by restored data: they bring old accounts and passwords back."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Any

from MySQLdb.connections import Connection

from backups.domain.mariadb.server import Access, parse_version, rows, value

# SHUTDOWN_ACL in sql/privilege.h.
_SHUTDOWN_BIT = 1 << 7
_NATIVE = ("", "mysql_native_password")
_GLOBAL_PRIV = (
    "SELECT JSON_VALUE(Priv, '$.plugin'), JSON_VALUE(Priv, '$.authentication_string'), JSON_VALUE(Priv, '$.access'), "
    "JSON_EXISTS(Priv, '$.auth_or') FROM mysql.global_priv WHERE User = %s"
)
_OLD_USER = (
    "SELECT plugin, IF(authentication_string = '', Password, authentication_string), "
    "IF(Shutdown_priv = 'Y', 128, 0), 0 FROM mysql.user WHERE User = %s"
)


class Verdict(StrEnum):
    """MISSING: there is no such account. OTHER_PASSWORD: ours does not fit. NO_SHUTDOWN: it may not stop the server,
    so that the restore could not be put back. UNKNOWN: its plugin tells nothing of the password.
    """

    GOOD = "good"
    MISSING = "missing"
    OTHER_PASSWORD = "other-password"  # noqa: S105 - a verdict
    NO_SHUTDOWN = "no-shutdown"
    UNKNOWN = "unknown"


def judge_account(conn: Connection, access: Access) -> Verdict:
    """Look into the accounts of a private server that runs on the restored data without checking logins.

    Of several accounts of one name, for several hosts, the best counts: which one will be used depends on the network.
    """
    version = parse_version(str(value(conn, "SELECT VERSION()")))
    found = rows(conn, _GLOBAL_PRIV if version >= (10, 4, 0) else _OLD_USER, (access.user,))
    verdicts = {_judge(row, access.password) for row in found}
    order = (Verdict.GOOD, Verdict.UNKNOWN, Verdict.NO_SHUTDOWN, Verdict.OTHER_PASSWORD)
    return next((verdict for verdict in order if verdict in verdicts), Verdict.MISSING)


def _judge(row: tuple[Any, ...], password: str) -> Verdict:
    plugin, stored, rights, has_choice = row
    if (plugin or "") not in _NATIVE or int(has_choice or 0):
        return Verdict.UNKNOWN
    if (stored or "").upper() != hash_password(password):
        return Verdict.OTHER_PASSWORD
    return Verdict.GOOD if int(rights or 0) & _SHUTDOWN_BIT else Verdict.NO_SHUTDOWN


def hash_password(password: str) -> str:
    """As ``mysql_native_password`` stores it: ``*`` and SHA-1 of SHA-1 in capitals; nothing for no password."""
    if not password:
        return ""
    inner = hashlib.sha1(password.encode(), usedforsecurity=False).digest()
    return "*" + hashlib.sha1(inner, usedforsecurity=False).hexdigest().upper()
