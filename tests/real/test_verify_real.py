"""Older archives are checked in turn: real databases are proved again, and real jobs need not wait for it."""

from __future__ import annotations

import contextlib
import json
import signal
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from foldersite import new_site, random_bytes
from holding import held_at
from realsite import DATABASE, archives_in, flip_bytes, is_alive, repack
from waiting import wait_until

from backups.domain.manifest import manifest_path, write_proof
from backups.models import BackupArchive, BackupRun
from backups.services import carry_out, create_run
from backups.services.runs import Recorder
from backups.services.turn import TurnRequest
from oobsite.accounts.actors import system_actor
from oobsite.alerts.models import Alert

BACKUP = ("runbackup", "--source", "elexisdb")


def make_archive(site, run_command):
    assert run_command(*BACKUP)[0] == 0
    return archives_in(site / "backup")[0]


def test_a_database_is_proved_again(site, run_command):
    archive = make_archive(site, run_command)
    code, answer = run_command("verifyinturn")
    assert (code, answer["checked"]) == (0, [{"name": archive.name, "ok": True}])
    row = BackupArchive.objects.get()
    assert (row.proof, row.proof_report["counts"]["kontakt"] >= 100, row.verified_at) == ("proved", True, row.proved_at)


def test_damage_that_only_a_server_sees_is_marked_and_told(site, run_command, folder):
    archive = make_archive(site, run_command)
    assert run_command("verifyinturn")[0] == 0
    repack(archive, folder, lambda data: flip_bytes(data / DATABASE / "kontakt.ibd", 4 * 16384 + 200))
    assert run_command("verifyinturn")[0] == 1
    assert BackupArchive.objects.get().proof == "failed"
    assert [(alert.key, alert.code) for alert in Alert.objects.filter(cleared_at=None)] == [
        ("elexisdb", "archive-damaged")
    ]


def test_without_room_for_a_server_the_file_is_compared_all_the_same(site, run_command, tmpfs, settings):
    archive = make_archive(site, run_command)
    before = BackupArchive.objects.get().verified_at
    settings.OOB_WORK_DIR = tmpfs(site / "small", "8m")
    code, answer = run_command("verifyinturn")
    assert (code, answer["checked"][0]["ok"]) == (3, True)
    assert "archive-verified-only" in {line["code"] for line in answer["log"]}
    row = BackupArchive.objects.get()
    assert (row.proof, row.verified_at > before) == ("none", True)
    flip_bytes(archive, archive.stat().st_size // 2, 1)
    assert run_command("verifyinturn")[0] == 1
    assert BackupArchive.objects.get().proof == "failed"


def check_within(hours: float) -> BackupRun:
    """A check as in a night that has so much room between two backups."""
    now = timezone.now()
    request = TurnRequest(now, now + timedelta(hours=hours), longest_seconds=hours * 3600)
    run = create_run(system_actor(), BackupRun.Action.VERIFY, BackupRun.Trigger.SCHEDULE, request.to_json())
    carry_out(run, Recorder(run))
    return run


def test_a_database_whose_proof_fits_into_no_night_is_read_and_compared(site, run_command):
    archive = make_archive(site, run_command)
    made_at = BackupArchive.objects.get().verified_at
    write_proof(archive, {"is_good": True, "proved_at": made_at.isoformat(), "seconds": 5 * 3600})
    run = check_within(4)
    assert [line["code"] for line in run.log if line["level"] != "info"] == ["verify-read-only"]
    row = BackupArchive.objects.get()
    assert (run.state, row.proof, row.verified_at > made_at) == ("warnings", "proved", True)
    flip_bytes(archive, archive.stat().st_size // 2, 1)
    assert check_within(4).state == "failed"
    assert BackupArchive.objects.get().proof == "failed"


def test_a_backup_of_the_command_line_does_not_find_the_folder_busy(folder, prepared):
    site = new_site(folder, prepared)
    site.fill(random_bytes(300))
    assert site.run("runbackup")[0] == 0
    with held_at("verify", site, "verifyinturn") as check, site.start("runbackup") as backup:
        wait_until(lambda: site.last_run("state", "backup") == "running")
        check.send_signal(signal.SIGCONT)
        assert json.loads(backup.communicate()[0])["state"] == "done"
        answer = json.loads(check.communicate()[0])
    assert (answer["state"], answer["log"][-1]["code"]) == ("done", "verify-yielded")


@contextlib.contextmanager
def working(site):
    """A worker; it is gone afterwards."""
    with site.start("worker") as worker:
        try:
            yield
        finally:
            worker.terminate()
            worker.communicate()
    assert not is_alive(worker.pid)


def make_older(archive, *, days):
    """Let an archive have been made so many days earlier."""
    content = json.loads(manifest_path(archive).read_text())
    for name in ("started_at", "ended_at"):
        content[name] = (datetime.fromisoformat(content[name]) - timedelta(days=days)).isoformat()
    manifest_path(archive).write_text(json.dumps(content))


def hours_around_now():
    now = datetime.now(ZoneInfo("Europe/Zurich"))
    return "-".join((now + timedelta(hours=hours)).strftime("%H:%M") for hours in (-6, 6))


def test_tick_and_worker_find_a_damaged_archive_by_themselves(folder, prepared):
    site = new_site(folder, prepared)
    site.fill(random_bytes(1))
    assert site.run("runbackup")[0] == 0
    (archive,) = archives_in(folder / "backup")
    make_older(archive, days=3)
    flip_bytes(archive, archive.stat().st_size // 2, 1)
    site.run("scanbackups")
    site.shell("from backups.models import BackupArchive; BackupArchive.objects.update(verified_at=None)")
    assert site.run("tick", OOB_VERIFY_WINDOW="off")[1]["check"] == ""
    assert site.run("tick", OOB_VERIFY_WINDOW=hours_around_now())[1]["check"]
    with working(site):
        wait_until(lambda: site.last_run("state", "verify") == "failed")
    _code, answer = site.run("listalerts")
    assert [alert["code"] for alert in answer["alerts"]] == ["archive-damaged"]
