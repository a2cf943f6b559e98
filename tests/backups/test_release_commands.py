"""The commands about what a restore has kept: they ask, and say what they do not find."""

from __future__ import annotations

import pytest

from backups.models import BackupRun


@pytest.fixture
def restored(practice, run_command):
    """A folder after a restore; id of the restore."""
    stamp = run_command("runbackup", "--source", "pacsdata")[1]["stamp"]
    return run_command("restorebackup", stamp, "--yes", "--folders-idle", "--no-safety-backup")[1]["run"]


def kept_in(practice):
    return list((practice / "mnt" / "pacsdata").glob("#sql-oob-*"))


def test_what_is_kept_goes_when_it_is_said(practice, run_command, restored):
    assert len(kept_in(practice)) == 1
    code, done = run_command("releaserestore", "--yes")
    assert (code, done["ok"]) == (0, True)
    assert kept_in(practice) == []
    assert BackupRun.objects.get(action="release").request["restore"] == restored


def test_without_a_yes_nothing_goes(practice, run_command, restored):
    assert run_command("releaserestore")[0] == 2
    assert len(kept_in(practice)) == 1


def test_what_was_put_back_can_be_let_go_by_its_id(practice, run_command, restored):
    assert run_command("undorestore", "--folders-idle")[0] == 0
    assert run_command("releaserestore", "--yes")[0] == 2
    assert run_command("releaserestore", restored, "--yes")[0] == 0
    assert kept_in(practice) == []


@pytest.mark.parametrize("command", [("releaserestore", "--yes"), ("testrestore",)])
def test_nothing_kept_is_a_wrong_call(practice, run_command, command):
    code, answer = run_command(*command)
    assert (code, answer["error"]) == (2, "restore-unknown")


def test_tested_data_need_no_other_test(practice, run_command, restored):
    code, answer = run_command("testrestore")
    assert (code, answer["error"]) == (2, "restore-unknown")
