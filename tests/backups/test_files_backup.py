"""Runs over folders, from the command line, as a practice starts them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import time_machine

from backups import services
from backups.domain.lock import LOCK_NAME
from backups.domain.manifest import read_manifest
from backups.domain.retention import Generation
from backups.jobs import carry_out_run
from backups.models import BackupArchive, BackupRun, Source
from backups.services import catalogue
from backups.services.retention import to_generations
from oobsite.accounts.actors import system_actor

ROOT = Path(__file__).parents[2]
State = BackupRun.State


def codes(answer, level=None):
    return [line["code"] for line in answer["log"] if level in (None, line["level"])]


def names(folder):
    """Archives in the backup folder, without what stands beside them."""
    return sorted(path.name for path in (folder / "backup").iterdir() if path.name.endswith(".tar.gz"))


def test_all_sources_are_saved_under_one_stamp(practice, run_command):
    code, answer = run_command("runbackup")
    assert (code, answer["state"], answer["ok"]) == (0, State.DONE, True)
    assert [archive["source"] for archive in answer["archives"]] == ["pacsdata", "webelexisdata"]
    assert names(practice) == [f"{name}_{answer['stamp']}.tar.gz" for name in ("pacsdata", "webelexisdata")]


def test_a_run_leaves_nothing_but_archives_and_what_stands_beside_them(practice, run_command):
    run_command("runbackup", "--source", "pacsdata")
    (archive,) = names(practice)
    expected = {LOCK_NAME, archive, f"{archive}.index.gz", f"{archive}.manifest.json"}
    assert {path.name for path in (practice / "backup").iterdir()} == expected
    assert list((practice / "work").iterdir()) == []


def test_only_named_sources_are_saved(practice, run_command):
    code, answer = run_command("runbackup", "--source", "pacsdata")
    assert code == 0
    assert [archive["source"] for archive in answer["archives"]] == ["pacsdata"]


def test_the_manifest_says_who_made_the_archive(practice, run_command):
    _code, answer = run_command("runbackup", "--source", "pacsdata")
    manifest = read_manifest(practice / "backup" / names(practice)[0])
    assert (manifest.run_id, manifest.trigger, manifest.method) == (answer["run"], "command", "files")
    assert (manifest.content.files, manifest.content.file_bytes) == (1, 20_000)


def test_a_missing_required_source_fails_and_the_others_are_saved(practice, run_command):
    (practice / "mnt" / "pacsdata").rename(practice / "mnt" / "elsewhere")
    code, answer = run_command("runbackup")
    assert (code, answer["state"], answer["ok"]) == (6, State.PARTIAL, False)
    assert codes(answer, "error") == ["source-missing"]
    assert [archive["source"] for archive in answer["archives"]] == ["webelexisdata"]


def test_an_empty_folder_counts_as_missing(practice, run_command):
    (practice / "mnt" / "pacsdata" / "file").unlink()
    code, answer = run_command("runbackup")
    assert code == 6
    assert codes(answer, "error") == ["source-missing"]


def test_a_folder_that_becomes_empty_during_the_run_counts_as_missing(practice, run_command, fake_tool):
    folder = practice / "mnt" / "pacsdata"
    fake_tool("tar", f'rm -f {folder}/file; {{real}} "$@"')
    code, answer = run_command("runbackup", "--source", "pacsdata")
    assert (code, codes(answer, "error")) == (1, ["source-missing"])
    assert names(practice) == []


def test_a_missing_optional_source_is_a_remark(practice, run_command):
    code, answer = run_command("runbackup")
    assert code == 0
    assert codes(answer).count("source-optional-missing") == 2


def test_an_optional_source_that_was_named_must_be_there(practice, run_command):
    code, answer = run_command("runbackup", "--source", "lucindadata")
    assert (code, codes(answer)) == (1, ["source-missing"])


def test_nothing_to_save_is_no_success(practice, run_command):
    Source.objects.update(is_active=False)
    code, answer = run_command("runbackup")
    assert (code, answer["error"]) == (1, "nothing-to-save")


def test_a_source_that_is_a_file_counts_as_missing(practice, run_command):
    (practice / "mnt" / "lucindadata").write_text("no folder")
    assert codes(run_command("runbackup", "--source", "lucindadata")[1]) == ["source-missing"]


def test_when_all_sources_fail_the_run_has_failed(practice, run_command):
    for name in ("pacsdata", "webelexisdata"):
        (practice / "mnt" / name / "file").unlink()
    code, answer = run_command("runbackup")  # the optional sources are not there either
    assert (code, answer["state"]) == (1, State.FAILED)


def test_a_dump_is_tried_also_when_the_physical_backup_fails(practice, run_command):
    Source.objects.filter(name="elexisdb").update(is_active=True)
    (practice / "mnt" / "elexisdb").mkdir()
    (practice / "mnt" / "elexisdb" / "ibdata1").touch()
    code, answer = run_command("runbackup", "--source", "elexisdb", "--dump")
    assert (code, codes(answer, "error")) == (1, ["server-unreachable", "server-unreachable"])


def test_an_unknown_source_is_a_mistake_of_the_caller(practice, run_command):
    code, answer = run_command("runbackup", "--source", "elexis")
    assert (code, answer["error"], answer["ok"]) == (2, "source-unknown", False)
    assert names(practice) == []


def test_a_switched_off_source_is_unknown(practice, run_command):
    assert run_command("runbackup", "--source", "elexisdb")[0] == 2


def test_overlapping_folders_are_refused_before_anything_is_written(practice, run_command):
    Source.objects.filter(name="pacsdata").update(path=str(practice))
    code, answer = run_command("runbackup")
    assert (code, answer["error"]) == (1, "source-overlap")
    assert names(practice) == []


def test_a_missing_backup_folder_is_said(practice, run_command, settings):
    settings.OOB_BACKUP_DIR = practice / "nowhere"
    code, answer = run_command("runbackup")
    assert (code, answer["error"]) == (1, "folder-missing")
    assert BackupRun.objects.get().state == State.FAILED


def test_unreadable_and_changing_documents_make_a_run_with_remarks(practice, run_command, vanishing):
    vanishing(practice / "mnt" / "pacsdata")
    code, answer = run_command("runbackup", "--source", "pacsdata")
    assert (code, answer["state"], answer["ok"]) == (3, State.WARNINGS, True)
    assert codes(answer, "warning") == ["files-skipped"]
    assert BackupArchive.objects.get().warning_count >= 18


def test_sockets_are_no_remark_but_stand_in_the_manifest(practice, run_command):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(practice / "mnt" / "pacsdata" / "socket"))
        assert run_command("runbackup", "--source", "pacsdata")[0] == 0
    assert [item["reason"] for item in BackupArchive.objects.get().manifest["skipped"]] == ["socket"]


def test_a_file_name_in_another_encoding_can_be_told(practice, run_command, fake_tool):
    fake_tool("tar", r"""{real} "$@"; echo 'tar: ./\344rzte: Cannot open: Permission denied' >&2; exit 2""")
    code, answer = run_command("runbackup", "--source", "pacsdata")
    assert code == 3
    assert r"\xe4rzte" in answer["log"][0]["text"]
    answer["log"][0]["text"].encode()


def test_the_autumn_night_has_two_archives_of_half_past_two(practice, run_command):
    moment = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Zurich"), fold=0)
    for fold in (0, 1):
        with time_machine.travel(moment.replace(fold=fold), tick=False):
            run_command("runbackup", "--source", "pacsdata")
    assert names(practice) == ["pacsdata_2026-10-25-0230-2.tar.gz", "pacsdata_2026-10-25-0230.tar.gz"]
    assert [archive.taken_at.hour for archive in BackupArchive.objects.order_by("taken_at")] == [0, 1]


def test_two_runs_in_one_minute_do_not_overwrite_each_other(practice, run_command):
    with time_machine.travel(datetime(2026, 11, 24, 3, 15, tzinfo=ZoneInfo("Europe/Zurich")), tick=False):
        stamps = [run_command("runbackup", "--source", "pacsdata")[1]["stamp"] for _ in range(3)]
    assert stamps == ["2026-11-24-0315", "2026-11-24-0315-2", "2026-11-24-0315-3"]
    assert len(names(practice)) == 3


HOLD = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from backups.domain.lock import make_holder, run_lock
with run_lock(Path(sys.argv[1]), make_holder("aaaaaaaaaaaa", "proof", datetime(2026, 11, 24, tzinfo=UTC))):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_run_is_refused_and_told_who_works_there(practice, run_command):
    command = [sys.executable, "-c", HOLD, str(practice / "backup")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        code, answer = run_command("runbackup")
        other.kill()
    assert (code, answer["error"]) == (4, "busy")
    assert f"proof, {os.uname().nodename}, pid {other.pid}" in answer["text"]
    assert BackupRun.objects.get().state == State.BUSY


def test_leftovers_of_a_dead_run_are_removed_at_the_next(practice, run_command):
    dead = BackupRun.objects.create(trigger="command", state=State.RUNNING, uid="aaaaaaaaaaaa")
    part = practice / "backup" / "pacsdata_2026-11-24-0315.tar.gz.aaaaaaaaaaaa.part"
    part.touch()
    (practice / "work" / "run-aaaaaaaaaaaa").mkdir()
    code, answer = run_command("runbackup", "--source", "pacsdata")
    assert (code, codes(answer)) == (0, ["leftovers-removed", "archive-written"])
    assert not part.exists()
    assert list((practice / "work").iterdir()) == []
    dead.refresh_from_db()
    assert dead.state == State.INTERRUPTED


def test_a_full_disk_fails_the_source_and_leaves_nothing(practice, run_command, settings, tmpfs):
    (practice / "mnt" / "pacsdata" / "large").write_bytes(os.urandom(3_000_000))
    settings.OOB_BACKUP_DIR = tmpfs(practice / "small", "1m")
    code, answer = run_command("runbackup")
    assert (code, codes(answer, "error")) == (6, ["no-space"])
    assert not [path for path in (practice / "small").iterdir() if "pacsdata" in path.name]


@pytest.mark.parametrize("free_pages", [1, 2, 3])
def test_a_disk_that_is_full_behind_the_archive_leaves_nothing(practice, run_command, settings, tmpfs, free_pages):
    """Room for the archive itself, but not for its index or its manifest."""
    settings.OOB_BACKUP_DIR = disk = tmpfs(practice / "small", "1m")
    status = os.statvfs(disk)
    pages = 5 + free_pages  # 20,000 bytes that cannot be compressed, and the lock
    (disk / "filler").write_bytes(bytes((status.f_bavail - pages) * status.f_frsize))
    code, answer = run_command("runbackup", "--source", "pacsdata")
    assert (code, codes(answer, "error")) == (1, ["no-space"])
    assert {path.name for path in disk.iterdir()} == {"filler", LOCK_NAME}


def test_too_little_room_is_seen_before_anything_is_written(practice, run_command, monkeypatch):
    run_command("runbackup", "--source", "pacsdata")
    monkeypatch.setattr("backups.services.publishing.free_bytes", lambda folder: 100)
    code, answer = run_command("runbackup", "--source", "pacsdata")
    assert (code, codes(answer, "error")) == (1, ["no-space"])
    assert len(names(practice)) == 1


def test_a_cancelled_run_ends_and_leaves_nothing_incomplete(practice):
    run = BackupRun.objects.create(trigger="screen", is_cancel_requested=True)
    assert carry_out_run(run.pk) == "cancelled"
    run.refresh_from_db()
    assert run.state == State.INTERRUPTED
    assert names(practice) == []


def test_a_waiting_run_that_is_cancelled_never_starts(practice):
    run = BackupRun.objects.create(trigger="screen")
    services.request_cancel(system_actor(), run)
    assert carry_out_run(run.pk) == State.INTERRUPTED
    assert names(practice) == []


def test_a_task_that_comes_twice_is_carried_out_once(practice):
    run = services.request_backup(system_actor())
    assert [carry_out_run(run.pk), carry_out_run(run.pk)] == [State.DONE, State.DONE]
    assert len(names(practice)) == 2


def test_an_unexpected_error_is_recorded_and_goes_on(practice, monkeypatch):
    monkeypatch.setattr("backups.services.backup.choose_stamp", lambda *_: 1 / 0)
    run = services.request_backup(system_actor())
    with pytest.raises(ZeroDivisionError):
        carry_out_run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.log[0]["code"]) == (State.FAILED, "unexpected")


def test_an_archive_becomes_a_generation_for_retention(practice, run_command):
    run_command("runbackup", "--source", "pacsdata")
    (generation,) = to_generations(catalogue.list_folder())
    assert isinstance(generation, Generation)
    assert generation.is_ours
    assert generation.is_complete
