"""What went wrong in other backup tools when they deleted old backups."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from backups.models import BackupArchive, Source


@pytest.fixture
def backup(practice, run_command):
    """Back up the images of one day after the other; returns the days of which there is an archive."""
    times = iter(datetime(2026, 11, 1, 2, 15, tzinfo=UTC) + timedelta(days=day) for day in range(20))

    def backup(keep, size=50_000):
        (practice / "mnt" / "pacsdata" / "file").write_bytes(os.urandom(size))
        with time_machine.travel(next(times), tick=False):
            run_command("runbackup", "--source", "pacsdata", "--keep", str(keep))
        return sorted(int(path.name[17:19]) for path in (practice / "backup").glob("*.tar.gz"))

    return backup


def test_exactly_as_many_generations_are_kept_as_were_asked_for(backup):
    """databasus#427, #773, offen#631: retention kept too few or too many."""
    assert [len(backup(3)) for _ in range(6)] == [1, 2, 3, 3, 3, 3]
    assert backup(2) == [6, 7]


def test_what_would_be_deleted_is_shown_and_nothing_is_deleted(backup, run_command):
    """backrest 1.14.1: nobody saw what a policy would delete before it did."""
    for _ in range(4):
        days = backup(10)
    answer = run_command("listbackups", "--plan", "--keep", "1")[1]
    assert [int(name[17:19]) for name in answer["delete"]] == [1, 2, 3, 4]
    assert backup(10) == [*days, 5]


def test_no_old_backup_goes_before_the_new_one_is_checked(backup, run_command, fake_tool):
    """offen#283: the old backups were deleted although the new one had failed."""
    backup(1)
    fake_tool("tar", '{real} "$@"; echo "tar: Unheard-of trouble" >&2')
    assert backup(1) == [1]


def test_a_sudden_fall_in_size_stops_the_deletion_and_asks(backup):
    """offen#93: the full backups were pushed out by empty ones."""
    for _ in range(3):
        backup(3)
    days = [backup(3, size=500) for _ in range(4)][-1]
    assert days == [1, 2, 3, 4, 5, 6, 7]
    assert Source.objects.get(name="pacsdata").is_pruning_stopped


def test_the_last_archive_that_was_proved_is_never_deleted(backup, run_command):
    """borgmatic#246, #738: success is measured content; the one archive that has it stays."""
    backup(1)
    run_command("provebackup")
    for _ in range(3):
        days = backup(1)
    assert days == [1, 4]


def test_a_failed_proof_does_not_protect(backup, run_command, practice):
    """A proof that failed is no reason to keep an archive instead of a better one."""
    backup(1)
    BackupArchive.objects.get()
    path = next((practice / "backup").glob("*.tar.gz"))
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    run_command("provebackup", path.name)
    assert BackupArchive.objects.get().proof == "failed"
    assert backup(1) == [2]
