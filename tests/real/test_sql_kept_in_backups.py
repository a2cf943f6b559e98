"""What an SQL restore keeps on the server is in no backup, and what follows when the whole folder is exchanged."""

from __future__ import annotations

import contextlib
import shutil
import subprocess

import pytest
from realsite import archives_in, leftovers, point_settings_at
from restarting import DATABASE, restarting_server
from sqlsite import databases, fill, labels, make_dump

from backups import services
from backups.domain.job import Job
from backups.domain.restore.errors import RestoreSupersededError
from backups.domain.restore.stage import list_restores
from backups.domain.restore.undo import release
from backups.domain.sql.errors import SqlKeptAwayError
from backups.models import BackupArchive, BackupRun, Source
from backups.services import sqlkept
from backups.services.request import Request
from backups.services.restorerequest import ReleaseRequest, RestoreRequest, UndoRequest
from backups.services.runs import Recorder
from backups.services.sqlrequest import SqlRequest
from oobsite.accounts.actors import system_actor

Action = BackupRun.Action


@pytest.fixture(scope="module")
def server():
    with restarting_server() as server:
        make_dump(server.practice, server.folder / "new.sql")
        yield server


@pytest.fixture
def site(server, installation, settings):
    """An installation whose database says ``new`` since an SQL restore; the old tables are kept."""
    point_settings_at(server.practice, settings)
    settings.DBNAME = DATABASE
    settings.OOB_DATA_DIR = installation / "data"
    Source.objects.exclude(name="elexisdb").update(is_active=False)
    fill(server.practice, "old")
    shutil.copy(server.folder / "new.sql", installation / "backup")
    yield installation
    server.wait()
    for journal in list_restores(server.datadir):
        release(server.datadir, journal.id)
    for file in sqlkept.read_sql_kept():
        sqlkept.release_sql(file)
    with contextlib.closing(server.connect()) as conn:
        for name in databases(server.practice):
            conn.query(f"DROP DATABASE {name}")
    assert [name for name in leftovers(installation) if ".sql" not in name] == []


@pytest.fixture
def sql_restore(site):
    return carry_out(Action.SQL_RESTORE, SqlRequest("backup:new.sql", with_safety_backup=False))


def carry_out(action, request):
    run = services.create_run(system_actor(), action, BackupRun.Trigger.COMMAND, request.to_json())
    services.carry_out(run, Recorder(run))
    run.refresh_from_db()
    return run


def back_up(**options):
    run = carry_out(Action.BACKUP, Request(("elexisdb",), **options))
    assert run.state in ("done", "warnings"), run.log
    return run, archives_in(BackupArchive.objects.get(run=run).path.parent)[-1]


def restore(archive):
    return carry_out(Action.RESTORE, RestoreRequest((archive.name,), with_safety_backup=False))


def names_in(archive) -> str:
    return subprocess.run(["tar", "tzf", archive], capture_output=True, text=True, check=True).stdout


def test_the_kept_tables_are_not_in_a_hot_backup_which_proves_good_and_restores(server, sql_restore):
    assert databases(server.practice) == [f"oob_{sql_restore.uid}", f"oob_{sql_restore.uid}_old"]
    run, archive = back_up()
    assert (run.state, "oob_" in names_in(archive)) == ("done", False)
    fill(server.practice, "old")
    assert restore(archive).state == "done"
    assert BackupArchive.objects.get(name=archive.name).proof == "proved"
    assert (labels(server.practice), databases(server.practice)) == ({"new"}, [])
    assert back_up()[0].state == "done"


def test_the_kept_tables_are_not_in_a_cold_backup(server, sql_restore):
    server.stop()
    try:
        run, archive = back_up(is_cold=True)
    finally:
        server.start()
        server.wait()
    assert (run.state, "oob_" in names_in(archive)) == ("warnings", False), run.log
    assert len(databases(server.practice)) == 2


def test_what_went_with_the_old_folder_is_neither_undone_nor_released_before_it_is_back(server, sql_restore, folder):
    archive = back_up()[1]
    physical = restore(archive)
    file = sqlkept.find_sql(sql_restore.uid)
    with pytest.raises(RestoreSupersededError):
        sqlkept.undo_sql(file, Job("0123456789ab", folder))
    with pytest.raises(SqlKeptAwayError):
        sqlkept.release_sql(file)
    assert carry_out(Action.UNDO, UndoRequest(physical.uid)).state == "done"
    assert len(databases(server.practice)) == 2
    assert carry_out(Action.UNDO, UndoRequest(sql_restore.uid)).state == "done"
    assert labels(server.practice) == {"old"}


def test_what_went_with_the_old_folder_goes_when_that_has_gone(server, sql_restore):
    physical = restore(back_up()[1])
    assert carry_out(Action.RELEASE, ReleaseRequest(physical.uid)).state == "done"
    assert carry_out(Action.RELEASE, ReleaseRequest(sql_restore.uid)).state == "done"
    assert (sqlkept.read_sql_kept(), databases(server.practice)) == ([], [])
    assert labels(server.practice) == {"new"}
