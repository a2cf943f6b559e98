"""How each kind of source is saved: a folder, oobsite itself, a MariaDB hot or cold, and its SQL dump."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from django.conf import settings
from MySQLdb.connections import Connection

from backups.domain.archive import Packing, discard, publish, read_back
from backups.domain.catalog import archive_name, last_content
from backups.domain.errors import LoginRefusedError, ServerRunningError, ServerUnreachableError
from backups.domain.mariadb import rights
from backups.domain.mariadb.cold import ColdOrder, take_cold_backup
from backups.domain.mariadb.counts import count_practice, find_database
from backups.domain.mariadb.dump import (
    DumpScanner,
    count_objects,
    count_outside_snapshot,
    require_complete,
    write_dump,
)
from backups.domain.mariadb.hot import HotOrder, take_hot_backup
from backups.domain.mariadb.server import practice_connection, quote, read_server_facts
from backups.domain.own import copy_own_data
from backups.models import Source
from backups.services import catalogue, config, sqlkept
from backups.services.publishing import (
    Draft,
    archive_folder,
    finish,
    make_manifest,
    require_space,
    require_work_space,
    utc_now,
)
from backups.services.request import Request
from backups.services.runs import RunContext
from oobsite.errors import Notice

Saver = Callable[[Source, Request, RunContext], None]


def save_files(source: Source, request: Request, context: RunContext) -> None:
    draft = Draft(source, "files", utc_now())
    archive_folder(draft, Packing(source.name, source.folder), request, context)


def save_own(source: Source, request: Request, context: RunContext) -> None:
    draft = Draft(source, "files", utc_now())
    folder = copy_own_data(config.own_database(), source.folder, context.job)
    archive_folder(draft, Packing(source.name, folder, is_database=True), request, context)


def save_mariadb(source: Source, request: Request, context: RunContext) -> None:
    """The physical backup: hot, or cold when that was asked for."""
    method = "cold" if request.is_cold else "hot"
    draft = Draft(source, method, utc_now())
    require_work_space(source)
    prepared = (_take_cold if request.is_cold else _take_hot)(draft, context)
    status = (source.folder / "ibdata1").stat()
    packing = Packing(source.name, prepared, is_database=True, owner=(status.st_uid, status.st_gid))
    try:
        archive_folder(draft, packing, request, context)
    finally:
        shutil.rmtree(context.job.work_dir / method)


def _take_hot(draft: Draft, context: RunContext) -> Path:
    access = config.practice_access()

    def count_again() -> None:
        with practice_connection(access) as conn:
            draft.counts_after = count_practice(conn, access.database)

    with practice_connection(access) as conn:
        grants = rights.read_grants(conn)
        missing = rights.missing_for_hot(conn, grants) + rights.missing_for_counts(grants, access.database)
        rights.require(access.user, missing)
        draft.server = read_server_facts(conn) | _name_database(conn, access.database)
        draft.counts_before = count_practice(conn, access.database)
        if "database" not in draft.server:
            draft.warnings.append(Notice("database-not-there", {"database": access.database}))
    order = HotOrder(
        access,
        draft.source.folder,
        draft.server["version"],
        settings.OOB_MARIADB_BACKUP,
        config.timeout_seconds(),
        left_out=sqlkept.databases_at_rest(),
    )
    hot = take_hot_backup(order, context.job, on_copied=count_again)
    draft.server |= hot.facts
    return hot.folder


def _name_database(conn: Connection, database: str) -> dict[str, str]:
    """How the server spells the name of the practice's database; nothing when it is not there."""
    found = find_database(conn, database)
    return {} if found is None else {"database": found}


def _take_cold(draft: Draft, context: RunContext) -> Path:
    _require_silence(draft.source)
    order = ColdOrder(draft.source.folder, config.proof_identity(), config.timeout_seconds())

    def count(conn: Connection) -> None:
        for name in sqlkept.databases_at_rest():
            conn.query(f"DROP DATABASE IF EXISTS {quote(name)}")  # in the copy
        draft.server = dict(_name_database(conn, settings.DBNAME))
        draft.counts_before = draft.counts_after = count_practice(conn, settings.DBNAME)

    draft.warnings.append(Notice("saved-cold", {}))
    cold = take_cold_backup(order, context.job, on_running=count)
    draft.server |= cold.facts
    return cold.folder


def _require_silence(source: Source) -> None:
    """A server that answers, were it only to refuse us, is running."""
    try:
        with practice_connection(config.practice_access()):
            raise ServerRunningError(source.folder)
    except ServerUnreachableError:
        return
    except LoginRefusedError as error:
        raise ServerRunningError(source.folder) from error


def save_dump(source: Source, request: Request, context: RunContext) -> None:
    """The SQL dump, a series of its own."""
    access = config.practice_access()
    draft = Draft(source, "dump", utc_now())
    last = last_content(catalogue.list_folder(), draft.series)
    require_space(config.backup_dir(), last.size)
    target = config.target(archive_name(draft.series, context.run.stamp, is_dump=True), last=last)
    with practice_connection(access) as conn:
        grants = rights.read_grants(conn)
        rights.require(access.user, rights.missing_for_dump(conn, grants, access.database))
        draft.server = read_server_facts(conn) | _name_database(conn, access.database)
        access = replace(access, database=draft.server.get("database", access.database))
        draft.counts_before = count_practice(conn, access.database)
    try:
        written = write_dump(access, target, context.job, timeout=config.timeout_seconds())
        with practice_connection(access) as conn:
            draft.server["objects"] = count_objects(conn, access.database)
            draft.counts_after = count_practice(conn, access.database)
            outside = count_outside_snapshot(conn, access.database)
        if outside:
            draft.warnings.append(Notice("dump-outside-snapshot", {"count": outside}))
        scanner = DumpScanner()
        content = read_back(target, written, context.job, on_block=scanner.feed).content
        require_complete(scanner, draft.server["objects"])
        publish(target, make_manifest(draft, content, target.path.name, context), context.job)
    finally:
        discard(target, context.job)
    finish(draft, target.path, request, context)


SAVERS: dict[str, Saver] = {
    Source.Kind.FILES: save_files,
    Source.Kind.OWN: save_own,
    Source.Kind.MARIADB: save_mariadb,
}
