"""Old archives go only behind a new one that was read back, and never on doubt."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from backups.domain.archive import read_back
from backups.domain.errors import DamagedArchiveError
from backups.domain.lock import LOCK_NAME, pinned
from backups.models import BackupArchive, Source

START = datetime(2026, 11, 24, 3, 15, tzinfo=ZoneInfo("Europe/Zurich"))


@pytest.fixture
def backup(practice, run_command):
    """Back up the images, each time a day later; returns the codes of the log."""
    times = iter(START + timedelta(days=day) for day in range(100))

    def backup(*options, size=None, at=None):
        if size is not None:
            (practice / "mnt" / "pacsdata" / "file").write_bytes(os.urandom(size))
        with time_machine.travel(at or next(times), tick=False):
            _code, answer = run_command("runbackup", "--source", "pacsdata", *options)
        return [line["code"] for line in answer["log"]] if "log" in answer else [answer["error"]]

    return backup


@pytest.fixture
def days(practice):
    """Days of November of which there is an archive on disk; the catalogue must agree."""

    def days():
        names = sorted(path.name for path in (practice / "backup").glob("*.tar.gz"))
        assert sorted(BackupArchive.objects.values_list("name", flat=True)) == names
        return [int(name[17:19]) for name in names]

    return days


def archive_of(day):
    return BackupArchive.objects.get(name=f"pacsdata_2026-11-{day}-0315.tar.gz")


def test_the_newest_generations_are_kept(backup, days):
    for _ in range(5):
        backup("--keep", "3")
    assert days() == [26, 27, 28]


def test_the_number_in_the_settings_counts_when_none_is_given(backup, days, settings):
    settings.OOB_KEEP_GENERATIONS = 2
    for _ in range(4):
        backup()
    assert days() == [26, 27]


def test_what_stands_beside_a_deleted_archive_goes_with_it(backup, practice):
    for _ in range(2):
        codes = backup("--keep", "1")
    name = "pacsdata_2026-11-25-0315.tar.gz"
    assert codes == ["archive-written", "pruned"]
    expected = {LOCK_NAME, name, f"{name}.manifest.json", f"{name}.index.gz"}
    assert {path.name for path in (practice / "backup").iterdir()} == expected


def test_a_new_archive_that_cannot_be_read_back_deletes_nothing(backup, days, monkeypatch):
    backup("--keep", "1")

    def damaged(target, written, job):
        os.truncate(target.part(job.run_id), written.size // 2)
        return read_back(target, written, job)

    monkeypatch.setattr("backups.services.publishing.read_back", damaged)
    assert backup("--keep", "1") == [DamagedArchiveError("", "").code]
    assert days() == [24]


def test_a_source_that_is_missing_deletes_nothing(backup, days, practice):
    for _ in range(2):
        backup("--keep", "2")
    (practice / "mnt" / "pacsdata" / "file").unlink()
    assert backup("--keep", "1") == ["source-missing"]
    assert days() == [24, 25]


def test_the_newest_proved_archive_is_never_deleted(backup, days, run_command):
    backup()
    run_command("provebackup")
    for _ in range(4):
        backup("--keep", "1")
    assert days() == [24, 28]


def test_an_older_proved_archive_goes_when_a_newer_one_is_proved(backup, days, run_command):
    for _ in range(2):
        backup()
        run_command("provebackup")
    backup("--keep", "1")
    assert days() == [25, 26]


def test_an_archive_that_the_user_keeps_for_good_stays(backup, days):
    backup()
    BackupArchive.objects.update(is_pinned=True)
    for _ in range(3):
        backup("--keep", "1")
    assert days() == [24, 27]


def test_an_archive_that_is_read_just_now_stays_until_the_next_run(backup, days, practice):
    backup()
    with pinned(practice / "backup" / archive_of(24).name):
        assert backup("--keep", "1") == ["archive-written", "prune-in-use"]
        assert days() == [24, 25]
    backup("--keep", "1")
    assert days() == [26]


def test_a_safety_backup_stays_and_takes_no_place(backup, days, practice):
    from backups.domain.manifest import manifest_path

    backup()
    path = manifest_path(practice / "backup" / archive_of(24).name)
    path.write_text(path.read_text().replace('"is_safety": false', '"is_safety": true'))
    for _ in range(2):
        backup("--keep", "1")
    assert days() == [24, 26]


def test_archives_of_the_predecessor_are_never_deleted(backup, practice):
    legacy = practice / "backup" / "pacsdata_2020-01-01-0000.tar.gz"
    legacy.write_bytes(b"whatever")
    for _ in range(2):
        backup("--keep", "1")
    assert legacy.exists()


def test_a_damaged_manifest_is_no_reason_to_delete(backup, days, practice):
    from backups.domain.manifest import manifest_path

    backup()
    manifest_path(practice / "backup" / archive_of(24).name).write_text("{")
    backup("--keep", "1")
    assert days() == [24, 25]


def test_a_sudden_fall_stops_the_deletion_until_somebody_has_looked(backup, days):
    for _ in range(3):
        backup("--keep", "3", size=100_000)
    assert backup("--keep", "3", size=20_000) == ["archive-written", "pruning-stopped-size"]
    assert Source.objects.get(name="pacsdata").is_pruning_stopped
    assert backup("--keep", "3", size=100_000) == ["archive-written", "pruning-still-stopped"]
    assert days() == [24, 25, 26, 27, 28]


def test_when_the_stop_is_cleared_the_deletion_goes_on(backup, days):
    backup(size=100_000)
    backup("--keep", "1", size=10_000)
    Source.objects.update(is_pruning_stopped=False)
    backup("--keep", "1", size=100_000)
    assert days() == [26]


def test_a_fall_in_one_source_does_not_stop_the_others(backup, practice, run_command):
    backup(size=100_000)
    backup("--keep", "1", size=10_000)
    assert not Source.objects.get(name="webelexisdata").is_pruning_stopped


def test_a_clock_that_was_set_back_does_not_disarm_the_check(backup, days):
    for _ in range(2):
        backup(size=100_000)
    codes = backup("--keep", "1", size=10_000, at=START - timedelta(days=4))
    assert codes == ["archive-written", "pruning-stopped-size"]
    assert days() == [20, 24, 25]


def test_a_clock_that_was_set_back_does_not_delete_the_archive_just_made(backup, days):
    backup()
    backup("--keep", "1", at=START - timedelta(days=4))
    assert 20 in days()


def test_a_new_archive_of_the_predecessor_does_not_stop_the_deletion(backup, practice):
    for _ in range(2):
        backup(size=100_000)
    (practice / "backup" / "pacsdata_2027-01-01-0000.tar.gz").write_bytes(b"small")
    assert backup("--keep", "2") == ["archive-written", "pruned"]


def test_a_lock_that_was_lost_deletes_nothing(backup, days, practice, fake_tool):
    backup()
    fake_tool("tar", f'rm {practice}/backup/{LOCK_NAME}; {{real}} "$@"')
    assert backup("--keep", "1") == ["lock-lost"]
    assert days() == [24, 25]


def test_the_plan_is_shown_and_deletes_nothing(backup, days, run_command):
    for _ in range(4):
        backup()
    code, answer = run_command("listbackups", "--plan", "--keep", "2")
    assert (code, [name[17:19] for name in answer["delete"]]) == (0, ["24", "25", "26"])
    assert days() == [24, 25, 26, 27]


def test_the_plan_is_what_the_next_run_does(backup, days, run_command):
    for _ in range(4):
        backup()
    planned = run_command("listbackups", "--plan", "--keep", "3")[1]["delete"]
    assert [name[17:19] for name in planned] == ["24", "25"]
    backup("--keep", "3")
    assert days() == [26, 27, 28]


def test_the_plan_deletes_nothing_of_a_source_whose_question_is_open(backup, run_command):
    for _ in range(3):
        backup()
    Source.objects.filter(name="pacsdata").update(is_pruning_stopped=True)
    assert run_command("listbackups", "--plan", "--keep", "1")[1]["delete"] == []


def test_the_plan_deletes_nothing_of_a_source_that_is_switched_off(backup, run_command):
    for _ in range(3):
        backup()
    Source.objects.filter(name="pacsdata").update(is_active=False)
    assert run_command("listbackups", "--plan", "--keep", "1")[1]["delete"] == []


def test_archives_that_failed_their_proof_take_no_place(backup, days, practice, run_command):
    for _ in range(2):
        backup(size=30_000)
    path = practice / "backup" / archive_of(25).name
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    run_command("provebackup", path.name)
    backup("--keep", "2", size=30_000)
    assert days() == [24, 25, 26]
    backup("--keep", "2", size=30_000)
    assert days() == [26, 27]
