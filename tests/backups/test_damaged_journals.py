"""A journal that cannot be read hides nothing else, and nobody acts as if nothing were there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from engine import engine

from backups.domain.restore.errors import JournalDamagedError
from backups.domain.restore.journal import JOURNAL_NAME, Kind, Phase
from backups.domain.restore.stage import new_stage
from backups.domain.sql.journal import SqlJournal, new_journal
from backups.models import BackupArchive, BackupRun, KeptData
from backups.services import containers, kept, sqlkept
from backups.services.recovering import recover_all
from oobsite.accounts.actors import system_actor
from tests.people import make_user

CREATED_AT = "2026-11-24T03:15:00+01:00"


@pytest.fixture
def journals(practice, settings):
    """Two SQL restores that have kept something; the record of the first one is damaged."""
    settings.OOB_DATA_DIR = practice / "data"
    for uid in ("damaged", "whole"):
        new_journal(sqlkept.journals_dir(), SqlJournal(uid, "elexis", CREATED_AT)).write(phase=Phase.KEPT)
    return sqlkept.journals_dir()


def damage(folder):
    (folder / JOURNAL_NAME).write_text('{"format": 99}')


@pytest.fixture
def folder_journal(practice):
    """A restore of a plain folder that has kept the old data; returns its stage folder."""
    with new_stage(practice / "mnt" / "pacsdata", "x1", Kind.FILES, datetime.now(UTC)) as stage:
        stage.write(phase=Phase.KEPT)
    return stage.folder


def test_a_damaged_record_does_not_hide_the_others(journals):
    damage(journals / "damaged")
    kept.sync_kept()
    assert dict(KeptData.objects.values_list("restore_id", "phase")) == {"damaged": "damaged", "whole": "kept"}
    assert [file.journal.id for file in sqlkept.read_sql_kept()] == ["whole"]


def test_a_record_that_gets_damaged_keeps_its_date(journals):
    kept.sync_kept()
    at = KeptData.objects.get(restore_id="damaged").created_at
    damage(journals / "damaged")
    kept.sync_kept()
    assert (KeptData.objects.get(phase="damaged").created_at, at) == (at, datetime.fromisoformat(CREATED_AT))


def test_recovery_tells_of_a_damaged_record(journals):
    damage(journals / "damaged")
    assert [error.code for error in recover_all(system_actor()).errors] == ["journal-damaged"]


def test_no_new_sql_restore_is_numbered_beside_a_damaged_record(journals):
    damage(journals / "damaged")
    with pytest.raises(JournalDamagedError):
        new_journal(journals, SqlJournal("third", "elexis", CREATED_AT))


def test_nothing_is_undone_while_a_later_restore_may_be_in_place(journals, job):
    damage(journals / "damaged")
    with pytest.raises(JournalDamagedError):
        sqlkept.undo_sql(sqlkept.find_sql("whole"), job)


def test_databases_of_an_unreadable_or_unfinished_restore_are_not_left_out_of_backups(journals):
    assert sqlkept.databases_at_rest() == ("oob_damaged", "oob_damaged_old", "oob_whole", "oob_whole_old")
    damage(journals / "damaged")
    assert sqlkept.databases_at_rest() == ("oob_whole", "oob_whole_old")
    sqlkept.find_sql("whole").write(phase=Phase.SWAPPING)
    assert sqlkept.databases_at_rest() == ()


def test_a_run_with_a_damaged_record_does_not_say_that_the_old_data_are_in_place(journals):
    run = BackupRun.objects.create(action="sql", state="interrupted", uid="damaged")
    damage(journals / "damaged")
    sqlkept.note_sql_in_place(run)
    assert run.result["in_place"] == {"elexisdb": "unfinished"}


@pytest.mark.usefixtures("pages")
def test_the_page_shows_where_a_damaged_record_lies(journals, folder_journal, client):
    damage(journals / "damaged")
    damage(folder_journal)
    kept.sync_kept()
    client.force_login(make_user(username="muster", language="en"))
    page = client.get(reverse("backups:restore")).content.decode()
    assert str(journals / "damaged" / JOURNAL_NAME) in page
    assert str(folder_journal / JOURNAL_NAME) in page
    assert "oob_damaged_old" in page
    assert page.count("data-damaged") == 2


def test_the_safety_backup_of_a_damaged_restore_stays(practice, folder_journal, run_command, settings):
    stamp = run_command("runbackup", "--source", "pacsdata")[1]["stamp"]
    archive = BackupArchive.objects.get(series="pacsdata")
    archive.run.request = {"restore": "x1", "sources": ["pacsdata"]}
    archive.run.save()
    long_ago = archive.taken_at - timedelta(days=30)
    BackupArchive.objects.update(is_safety=True, taken_at=long_ago)
    damage(folder_journal)
    kept.housekeep()
    assert archive.path.exists(), stamp


@pytest.mark.parametrize("harm", [damage, lambda folder: (folder / JOURNAL_NAME).unlink()])
def test_nobody_is_started_while_a_record_cannot_be_read(practice, folder_journal, settings, harm):
    with engine({"elx_pacs": False}) as docker:
        settings.OOB_DATA_DIR = practice / "data"
        settings.OOB_RESTORE_STOP, settings.OOB_DOCKER_URL = ["elx_pacs"], docker.url
        (practice / "data" / "stopped-containers.json").write_text('{"format": 1, "names": ["elx_pacs"]}')
        harm(folder_journal)
        said: list[str] = []
        containers.start_stopped(lambda _level, notice: said.append(notice.code))
        assert (said, docker.running()) == (["containers-wait"], set())
