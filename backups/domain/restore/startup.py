"""What we do to the practice's server by SQL: ask it to stop, and see whether it is well on the restored data."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import MySQLdb

from backups.domain.attempts import attempts
from backups.domain.errors import QueryFailedError, ServerUnreachableError
from backups.domain.job import Job, Progress
from backups.domain.mariadb.counts import count_core, find_database, list_tables
from backups.domain.mariadb.server import Access, connection, practice_connection
from backups.domain.restore.errors import RestoredContentError, ServerNotStartedError
from backups.domain.restore.gates import is_served

# Docker waits up to a minute before it starts again what has failed several times.
START_SECONDS = 180
_POLL_SECONDS = 0.05
_MOST_NAMES = 10
# The practice's programs come back with the server and write at once: the exact count was the proof's.
_SLACK_ROWS = 100
_SLACK_SHARE = 0.01


@dataclass(frozen=True)
class StartUp:
    """What must be true of the server on ``datadir``: the account of ``access`` can log in, and its database holds
    the tables and rows of the manifest (``counts_before``, ``counts_after``, as ``count_practice`` makes them)."""

    datadir: Path
    access: Access
    counts_before: Mapping[str, Any] = field(default_factory=dict)
    counts_after: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = START_SECONDS


def ask_to_stop(access: Access) -> None:
    """SQL ``SHUTDOWN``; a server that does not answer is none, or is on its way.

    Raises ``LoginRefusedError``, ``QueryFailedError`` when the account has no right to do it.
    """
    with suppress(ServerUnreachableError), connection(access) as conn:
        try:
            conn.query("SHUTDOWN")
        except MySQLdb.OperationalError as error:
            if not _is_gone(error):
                raise QueryFailedError(access.address, str(error.args[-1])) from error


def _is_gone(error: MySQLdb.OperationalError) -> bool:
    """The connection ended, or the server says that it is ending: 1053, 2006, 2013."""
    return bool(error.args and error.args[0] in (1053, 2006, 2013))


def require_started(startup: StartUp, job: Job) -> None:
    """Wait for a server on the files that are live, log in, look for tables and rows.

    Raises ``ServerNotStartedError``, ``LoginRefusedError``, ``RestoredContentError``, ``QueryFailedError``,
    ``CancelledError``.
    """
    _wait_for_server(startup, job)
    with practice_connection(startup.access) as conn:
        name = find_database(conn, startup.access.database)
        tables = list_tables(conn, name) if name is not None else {}
        counts = count_core(conn, name, tables) if name is not None else {}
    problems = [*_find_missing(tables, startup), *_find_wrong_counts(counts, startup)]
    if problems:
        raise RestoredContentError(problems[:_MOST_NAMES])


def _wait_for_server(startup: StartUp, job: Job) -> None:
    """It must answer and hold the locks of these very files: one that was just starting may have opened others."""
    reason = ""
    for _look in attempts(startup.seconds, _POLL_SECONDS):
        job.report(Progress("test", startup.datadir.name))
        reason = _find_hindrance(startup)
        if not reason:
            return
    raise ServerNotStartedError(startup.access.address, int(startup.seconds), reason)


def _find_hindrance(startup: StartUp) -> str:
    """Why the server is not up; empty when it is. Raises ``LoginRefusedError``."""
    if not is_served(startup.datadir):
        return "not-served"
    try:
        with connection(startup.access):
            return ""
    except ServerUnreachableError as error:
        return error.reason or error.code


def _find_missing(tables: Mapping[str, int], startup: StartUp) -> list[str]:
    before, after = startup.counts_before, startup.counts_after
    if before.get("ddl") != after.get("ddl"):
        return []  # tables came and went during the backup
    present = {name.lower() for name in tables}
    expected = {*before.get("tables", ())} & {*after.get("tables", ())}
    return sorted(name for name in expected if name.lower() not in present)


def _find_wrong_counts(counts: Mapping[str, int], startup: StartUp) -> list[str]:
    first, second = startup.counts_before.get("core", {}), startup.counts_after.get("core", {})
    wrong = []
    for table in sorted({*first, *second}):
        low, high = sorted((first.get(table, second.get(table)), second.get(table, first.get(table))))
        found = counts.get(table, 0)
        slack = max(_SLACK_ROWS, high * _SLACK_SHARE)
        if not low - slack <= found <= high + slack:
            wrong.append(f"{table}: {found}, {low}..{high}")
    return wrong
