"""What the backup account may do on the practice's server, and what it lacks."""

from __future__ import annotations

from dataclasses import dataclass

from backups.domain.mariadb import rights
from backups.domain.mariadb.server import parse_version, practice_connection, value
from backups.services import config
from oobsite.errors import OobError

_NEWEST_KNOWN_BY_ALL = (10, 3, 0)


@dataclass(frozen=True)
class GrantReport:
    """Statements to run, rights that are missing, and why the account could not be asked (None: it could)."""

    user: str
    statements: list[str]
    missing: list[str]
    error: OobError | None = None


def report_grants(*, for_restore: bool) -> GrantReport:
    """Compare the rights of the backup account with what backups (and restores) need."""
    access = config.practice_access()
    version = _NEWEST_KNOWN_BY_ALL
    missing: list[str] = []
    error: OobError | None = None
    try:
        with practice_connection(access) as conn:
            version = parse_version(str(value(conn, "SELECT VERSION()")))
            grants = rights.read_grants(conn)
            missing = rights.missing_for_hot(conn, grants) + rights.missing_for_dump(conn, grants, access.database)
            if for_restore:
                missing += rights.missing_for_restore(grants, access.database)
    except OobError as refused:
        error = refused
    statements = rights.make_grant_statements(access.user, access.database, for_restore=for_restore, version=version)
    return GrantReport(access.user, statements, missing, error)
