"""System checks: what would make every backup worthless is said at the start."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import MySQLdb
from django.core.checks import CheckMessage, Error, register
from django.db import DatabaseError, connections
from django.utils.translation import gettext as _

from backups.domain.mariadb.server import Access, rows
from backups.services import config

_PATIENCE_SECONDS = 2


@register()
def check_overlaps(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """No folder of a source lies in the backup folder or in another source, nor the other way round."""
    try:
        folders = config.source_folders()
    except DatabaseError:  # before the first migration
        return []
    text = _("The folders of %(first)s and %(second)s overlap: a restore could delete its own archive.")
    hint = _("Change OOB_BACKUP_DIR, or the folder of the source.")
    return [
        Error(text % {"first": first, "second": second}, hint=hint, id="backups.E001")
        for first, second in config.find_overlapping(folders)
    ]


@register()
def check_own_database(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """oobsite's own tables never lie in the practice's server: a restore would roll back its own queue."""
    own, practice = config.own_database(), config.practice_access()
    if connections["default"].vendor != "mysql":
        return []
    same_socket = bool(practice.socket) and own.access.socket == practice.socket
    if not (same_socket or _is_same_address(own.access, practice) or _is_same_server(own.access, practice)):
        return []
    text = _("OOB_DATABASE_URL names the practice's own MariaDB server: a restore would destroy oobsite's data.")
    return [Error(text, hint=_("Leave OOB_DATABASE_URL empty, or name another server."), id="backups.E002")]


def _is_same_address(own: Access, practice: Access) -> bool:
    if practice.socket or own.port != practice.port:
        return False
    return own.host == practice.host or bool(_addresses(own.host) & _addresses(practice.host))


def _is_same_server(own: Access, practice: Access) -> bool:
    """Two ways may lead to one server, such as a socket and a port: when it answers on both, it says who it is."""
    identity = _read_identity(own)
    return identity is not None and identity == _read_identity(practice)


def _read_identity(access: Access) -> tuple[Any, ...] | None:
    """Host name, port and data folder as the server knows them; None when it does not answer at once."""
    place: dict[str, Any] = {"unix_socket": access.socket} if access.socket else {"host": access.host}
    seconds = {"connect_timeout": _PATIENCE_SECONDS, "read_timeout": _PATIENCE_SECONDS}
    account = {"user": access.user, "passwd": access.password, "port": access.port, "ssl_mode": "PREFERRED"}
    try:
        with closing(MySQLdb.connect(**place, **account, **seconds)) as conn:
            return rows(conn, "SELECT @@hostname, @@port, @@datadir")[0]
    except MySQLdb.Error:
        return None


def _addresses(host: str) -> set[str]:
    """IP addresses of a host; none when it is not known here."""
    try:
        return {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    except OSError:
        return set()
