"""A typo on the command line is said once to whoever made it: no run has failed, and nobody is alarmed."""

from __future__ import annotations

import pytest
from calling import call

from backups.models import BackupRun
from oobsite.alerts.models import Alert

WRONG = [
    ("runbackup", "--source", "nothing"),
    ("provebackup", "nothing.tar.gz"),
    ("salvagebackup", "nothing.tar.gz"),
    ("exportsql", "nothing.tar.gz"),
    ("restorefiles", "nothing.tar.gz", "file"),
    ("browsebackup", "nothing.tar.gz"),
    ("verifybackup", "nothing.tar.gz"),
    ("restorebackup", "yesterday", "--yes"),
    ("restoresql", "nothing.sql", "--yes"),
    ("undorestore", "99"),
    ("releaserestore", "99"),
    ("testrestore", "99"),
    ("runschedule", "nothing"),
    ("verifyinturn", "--until", "25:00"),
    ("resetlogin", "nobody"),
    ("renewcerts", "nothing.ch"),
    ("makecert", "no name"),
    ("installcert", "/nonexistent.pem"),
]


@pytest.mark.parametrize("command", WRONG, ids=lambda command: command[0])
def test_a_wrong_call_is_one_sentence_and_no_alert(practice, command):
    code, out, err = call(*command)
    assert (code, len(err.splitlines())) == (2, 1)
    assert err.strip() not in out
    assert not err.startswith("CommandError")
    assert not BackupRun.objects.exists()
    assert not Alert.objects.exists()


def test_the_restore_is_looked_for_before_anybody_is_asked(practice, run_command):
    code, answer = run_command("releaserestore", "99")
    assert (code, answer["error"]) == (2, "restore-unknown")


def test_a_wrong_call_is_an_object_too(practice, run_command):
    code, answer = run_command("verifyinturn", "--until", "25:00")
    assert (code, answer["ok"], answer["error"]) == (2, False, "call")
    assert "--until" in answer["text"]


@pytest.mark.parametrize("command", ["runbackup", "provebackup"])
def test_a_disk_that_is_not_there_is_no_wrong_call(practice, run_command, settings, command):
    settings.OOB_BACKUP_DIR = practice / "nowhere"
    assert run_command(command)[0] == 1
    assert BackupRun.objects.get().state == BackupRun.State.FAILED
    assert Alert.objects.get().params["causes"] == ["folder-missing"]


def test_an_error_of_a_run_is_said_once(practice, settings):
    settings.OOB_BACKUP_DIR = practice / "nowhere"
    code, out, err = call("runbackup")
    assert (code, len(out.splitlines()), len(err.splitlines())) == (1, 1, 1)
    assert err.startswith("x ")


def test_an_agreement_that_is_missing_is_said_with_its_option_and_alarms_nobody(practice, run_command):
    stamp = run_command("runbackup")[1]["stamp"]
    Alert.objects.all().delete()
    code, _out, err = call("restorebackup", stamp, "--source", "pacsdata", "--yes")
    assert (code, len(err.splitlines())) == (1, 1)
    assert "--folders-idle" in err
    assert not Alert.objects.exists()
