"""SQL restores by an exchange of the whole data folder: our server plays one that is older than 10.6."""

from __future__ import annotations

import contextlib

import pytest
from engine import engine
from seriessite import *  # noqa: F403 - fixtures
from seriessite import codes, restore_sql, undo, write_dump
from sqlsite import databases, labels

from backups.domain.mariadb.server import rows
from backups.domain.restore.journal import Phase
from backups.domain.restore.stage import held_stage
from backups.domain.sql import transfer
from backups.models import BackupArchive, BackupRun, KeptData
from backups.services import kept, recovering
from oobsite.accounts.actors import system_actor


@pytest.fixture(scope="module")
def programs():
    """Those of this machine."""
    return


@pytest.fixture
def old(server, site, monkeypatch):
    """The server, with ``new.sql`` in the backup folder."""
    monkeypatch.setattr(transfer, "_ATOMIC_SINCE", (99, 0, 0))
    write_dump(server, site)
    return server


def test_a_file_comes_and_goes_with_the_whole_folder(old):
    run = restore_sql()
    assert "sql-whole-folder" in codes(run), run.log
    assert (labels(old.practice), run.result["in_place"]) == ({"new"}, {"elexisdb": "new"})
    assert KeptData.objects.get().kind == KeptData.Kind.FOLDERS
    undone = undo(run)
    assert (labels(old.practice), undone.result["in_place"]) == ({"old"}, {"elexisdb": "old"})


@pytest.fixture
def docker(old, settings):
    """Webelexis runs and is to be stopped, PACS does not run."""
    with engine({"elx_webelexis": True, "elx_pacs": False}) as docker:
        settings.OOB_RESTORE_STOP, settings.OOB_DOCKER_URL = ["elx_webelexis", "elx_pacs"], docker.url
        yield docker


def test_programs_that_use_the_data_are_stopped_for_the_exchange(old, docker):
    running_at = {}
    docker.on_act = lambda act, _name: running_at.update({act: labels(old.practice)})
    run = restore_sql()
    assert docker.asked == [("stop", "elx_webelexis"), ("start", "elx_webelexis")], run.log
    assert running_at == {"stop": {"old"}, "start": {"new"}}
    assert run.result["stops"] == ["elx_webelexis"]


def test_a_program_that_cannot_be_stopped_is_found_before(old, docker, settings):
    settings.OOB_RESTORE_STOP = ["elx_webelexsi"]
    run = restore_sql()
    assert (run.state, codes(run)) == ("failed", ["container-unknown"])
    assert (labels(old.practice), docker.asked) == ({"old"}, [])


def test_nothing_of_ours_is_left_on_the_server(old):
    restore_sql()
    with contextlib.closing(old.connect()) as conn:
        accounts = rows(conn, "SELECT user FROM mysql.user WHERE user LIKE 'oob%%' AND user <> 'oob_backup'")
    assert (accounts, databases(old.practice)) == ([], [])


def test_what_was_there_is_saved_in_any_case(old):
    run = restore_sql(with_safety_backup=False)
    assert labels(old.practice) == {"new"}, run.log
    assert BackupArchive.objects.filter(is_safety=True, method="hot").count() == 1


def test_programs_of_another_series_do_not_touch_the_files(old, fake_tool):
    version = 'echo "mariadbd  Ver 10.3.39-MariaDB for debian-linux-gnu"'
    fake_tool("mariadbd", f'case "$*" in *--version*) {version};; *) exec {{real}} "$@";; esac')
    run = restore_sql()
    assert (run.state, codes(run)[-1]) == ("failed", "sql-not-atomic"), run.log
    assert (labels(old.practice), databases(old.practice)) == ({"old"}, [])


def test_programs_that_change_while_the_file_is_read_do_not_open_the_other_way(old, site, fake_tool):
    """As by an update of the system: table by table is never right with such a server."""
    version = 'echo "mariadbd  Ver 10.3.39-MariaDB for debian-linux-gnu"'
    once = f"[ -e {site}/asked ] && {{ {version}; exit; }}; touch {site}/asked"
    fake_tool("mariadbd", f'case "$*" in *--version*) {once};; esac; exec {{real}} "$@"')
    run = restore_sql()
    assert (run.state, codes(run)[-1]) == ("failed", "sql-not-atomic"), run.log
    assert (labels(old.practice), databases(old.practice)) == ({"old"}, [])


def test_a_restore_that_could_not_be_tested_is_tested_by_the_recovery(old):
    run = restore_sql()
    with held_stage(old.datadir, run.uid) as stage:
        stage.write(phase=Phase.PLACED)
    BackupRun.objects.filter(pk=run.pk).update(state=BackupRun.State.INTERRUPTED, result={**run.result, "in_place": {}})
    recovery = recovering.recover_all(system_actor())
    run.refresh_from_db()
    assert (recovery.errors, run.result["in_place"]) == ([], {"elexisdb": "new"})
    assert [journal.phase for ((_source, journal),) in kept.read_kept().values()] == [Phase.KEPT]


def test_where_the_files_cannot_be_copied_nothing_is_changed(old, settings):
    settings.OOB_MARIADB_BACKUP = "mariadb-backup-9"
    run = restore_sql()
    assert (run.state, codes(run)[-1]) == ("failed", "safety-backup"), run.log
    assert labels(old.practice) == {"old"}
