"""Old data of a restore stay as long as they shall, whatever the clock of the machine shows meanwhile."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from keeping import let_hours_pass

from backups.domain.restore.errors import RestoreSupersededError
from backups.domain.restore.journal import Kind, Phase
from backups.domain.restore.stage import list_restores, new_stage
from backups.domain.sql.journal import SqlJournal, new_journal
from backups.jobs import tick
from backups.models import BackupArchive, BackupRun, KeptData, Source
from backups.services import kept, sqlkept
from backups.services.ages import ages_path, let_time_pass
from backups.services.exchanges import last_exchanges

YEAR = timedelta(days=365)


@pytest.fixture
def pacs(practice, settings):
    settings.OOB_DATA_DIR = practice / "data"
    return practice / "mnt" / "pacsdata"


@pytest.fixture
def restored(pacs, run_command):
    """A restore that keeps the data from before it, and their backup."""

    def restored():
        (pacs / "file").write_bytes(b"then")
        stamp = run_command("runbackup", "--source", "pacsdata")[1]["stamp"]
        (pacs / "file").write_bytes(b"now")
        code, answer = run_command("restorebackup", stamp, "--yes", "--folders-idle")
        assert code == 0, answer

    return restored


def is_kept(pacs) -> bool:
    return bool(list_restores(pacs)) and BackupArchive.objects.filter(is_safety=True).exists()


def is_gone(pacs) -> bool:
    return not list_restores(pacs) and not BackupArchive.objects.filter(is_safety=True).exists()


def test_a_clock_that_is_set_a_year_ahead_removes_nothing(pacs, restored):
    restored()
    with time_machine.travel(timezone.now() + YEAR):
        kept.housekeep()
        assert is_kept(pacs)
        assert timezone.now() < KeptData.objects.get().until < timezone.now() + timedelta(hours=24)


def test_a_clock_that_is_set_back_does_not_keep_it_for_ever(pacs, restored):
    with time_machine.travel(timezone.now() + YEAR):
        restored()
    let_hours_pass(23)
    kept.housekeep()
    assert is_kept(pacs)
    assert KeptData.objects.get().until < timezone.now() + timedelta(hours=1, seconds=1)
    let_hours_pass(1)
    kept.housekeep()
    assert is_gone(pacs)


def test_what_an_undo_has_put_aside_stays_as_long_from_then_on(pacs, restored, run_command):
    """It holds what the practice has entered since the restore."""
    restored()
    let_hours_pass(23)
    code, answer = run_command("undorestore", "--folders-idle")
    assert code == 0, answer
    let_hours_pass(23)
    kept.housekeep()
    assert is_kept(pacs)
    assert timezone.now() < KeptData.objects.get().until < timezone.now() + timedelta(hours=1, seconds=1)
    let_hours_pass(1)
    kept.housekeep()
    assert is_gone(pacs)


def test_of_an_undo_that_came_half_way_what_it_has_put_aside_stays_as_long(pacs, practice):
    folders = [pacs, practice / "mnt" / "webelexisdata"]
    folders[1].mkdir(exist_ok=True)
    with new_stage(pacs, "both", Kind.FILES, timezone.now()) as stage:
        stage.write(phase=Phase.KEPT)
    with new_stage(folders[1], "both", Kind.FILES, timezone.now()) as stage:
        stage.write(phase=Phase.KEPT)
        kept.sync_kept()
        let_hours_pass(23)
        stage.write(phase=Phase.UNDONE)
    kept.sync_kept()
    let_hours_pass(23)
    kept.housekeep()
    assert all(list_restores(folder) for folder in folders)


def test_the_worker_counts_the_hours_minute_by_minute(pacs, restored, settings):
    settings.OOB_KEEP_OLD_HOURS = 1
    restored()
    for _ in range(2):
        let_hours_pass(0.6)
        tick()
    assert is_kept(pacs)
    kept.housekeep()
    assert is_gone(pacs)


def test_where_the_hours_cannot_be_counted_all_is_kept(pacs, restored, caplog):
    restored()
    let_hours_pass(25)
    ages_path().rename(ages_path().with_name("moved"))
    ages_path().mkdir()
    kept.housekeep()
    assert is_kept(pacs)
    assert "kept-ages.json" in caplog.text


def test_a_command_of_root_leaves_the_hours_readable_for_the_worker(practice, settings):
    settings.OOB_DATA_DIR = practice / "data"
    os.chown(practice / "data", 1000, 1001)
    let_time_pass(["somewhen"])
    status = ages_path().stat()
    assert (status.st_uid, status.st_gid) == (1000, 1001)


def test_a_restore_is_not_refused_for_one_that_ended_in_the_future(pacs, restored):
    """The clock was a year ahead and was set right: what has ended then is not younger than an order of today."""
    with time_machine.travel(timezone.now() + YEAR):
        restored()
    assert last_exchanges() == {}
    restored()
    assert set(last_exchanges()) == {"pacsdata"}


def test_of_two_restores_the_later_one_is_known_whatever_their_clocks_said(pacs, job):
    """An SQL restore while the clock was ahead, then one of the whole data folder: the tables went with that."""
    Source.objects.filter(name="elexisdb").update(path="pacsdata")
    for uid in ("first", "second"):
        BackupRun.objects.create(uid=uid, action="sql", state="done")
    ahead = timezone.now() + YEAR
    new_journal(sqlkept.journals_dir(), SqlJournal("first", "elexis", ahead.isoformat())).write(phase=Phase.KEPT)
    with new_stage(pacs, "second", Kind.MARIADB, timezone.now()) as stage:
        stage.write(phase=Phase.KEPT)
    with pytest.raises(RestoreSupersededError):
        sqlkept.undo_sql(sqlkept.find_sql("first"), job)
