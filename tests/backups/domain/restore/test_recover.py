"""Recovery by itself: it needs nothing, does nothing while somebody works, and deletes nothing on doubt."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from killing import make_tree, read_tree, run_killed

from backups.domain.restore.errors import JournalDamagedError, RestoreBusyError, RestoreUnknownError
from backups.domain.restore.exchange import Exchange, Side, list_entries
from backups.domain.restore.folders import swap_folder
from backups.domain.restore.journal import JOURNAL_NAME, Kind, list_stage_folders, read_journal
from backups.domain.restore.recover import main, recover
from backups.domain.restore.settle import Outcome, restoring
from backups.domain.restore.stage import held_stage, is_locked, list_restores
from backups.domain.restore.undo import release

ROOT = Path(__file__).parents[4]
NOW = datetime(2026, 11, 24, 3, 15, tzinfo=UTC)


@pytest.fixture
def data(folder):
    make_tree(folder / "data", "old", ("letter", "sub/"))
    make_tree(folder / "more", "new", ("letter", "sub/"))
    return folder / "data"


def test_the_command_needs_nothing_but_python(data, job):
    assert run_killed(lambda: swap(data, job), 5)
    command = [sys.executable, "-S", "-m", "backups.domain.restore.recover", data]
    answer = subprocess.run(command, cwd=ROOT, env={}, capture_output=True, text=True)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "the data from before it are in place" in answer.stdout
    assert read_tree(data) == {"letter": "old", "sub/file": "old"}
    assert list_stage_folders(data) == []


def swap(data, job):
    with restoring(data, "x1", Kind.FILES, NOW) as stage:
        shutil.copytree(data.parent / "more", stage.new_dir, dirs_exist_ok=True)
        swap_folder(stage, job)


def test_the_command_tells_where_the_old_data_are(data, job):
    swap(data, job)
    command = [sys.executable, "-S", "-m", "backups.domain.restore.recover", data]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 0
    assert str(data / "#sql-oob-x1") in answer.stdout


def test_the_command_names_a_folder_that_is_not_there(data):
    command = [sys.executable, "-S", "-m", "backups.domain.restore.recover", data / "nowhere"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 1
    assert "nowhere" in answer.stderr


def test_nothing_is_done_while_a_restore_works(data):
    with restoring(data, "x1", Kind.FILES, NOW) as stage:
        (stage.new_dir / "letter").write_text("half")
        assert is_locked(stage.folder)
        assert [item.outcome for item in recover(data)] == [Outcome.BUSY]
        assert (stage.new_dir / "letter").exists()
        with pytest.raises(RestoreBusyError), held_stage(data, "x1"):
            pass


def test_a_folder_without_restores_needs_nothing(data):
    assert recover(data) == []


def test_a_second_recovery_finds_nothing_to_do(data, job):
    assert run_killed(lambda: swap(data, job), 4)
    assert [item.outcome for item in recover(data)] == [Outcome.REMOVED]
    assert recover(data) == []


def test_data_that_are_kept_stay(data, job):
    swap(data, job)
    for _ in range(2):
        assert [(item.id, item.outcome) for item in recover(data)] == [("x1", Outcome.KEPT)]
    assert read_tree(data / "#sql-oob-x1" / "old") == {"letter": "old", "sub/file": "old"}


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"format": 2}'])
def test_a_journal_that_cannot_be_read_deletes_nothing(data, job, text):
    swap(data, job)
    (data / "#sql-oob-x1" / JOURNAL_NAME).write_text(text)
    with pytest.raises(JournalDamagedError):
        recover(data)
    assert (data / "#sql-oob-x1" / "old" / "letter").exists()


def test_data_without_a_journal_are_not_deleted(data, job):
    swap(data, job)
    (data / "#sql-oob-x1" / JOURNAL_NAME).unlink()
    with pytest.raises(JournalDamagedError):
        recover(data)
    assert (data / "#sql-oob-x1" / "old" / "letter").exists()


@pytest.mark.parametrize("field", ["phase", "kind", "incoming"])
def test_a_journal_with_words_of_another_version_is_not_understood(data, job, field):
    swap(data, job)
    path = data / "#sql-oob-x1" / JOURNAL_NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: {"x": "y"}}))
    with pytest.raises(JournalDamagedError):
        list_restores(data)


def test_an_empty_folder_of_a_restore_that_had_just_begun_goes(data):
    (data / "#sql-oob-x1").mkdir()
    assert [item.outcome for item in recover(data)] == [Outcome.REMOVED]
    assert list_stage_folders(data) == []


def test_marks_of_a_check_that_was_killed_go(data):
    (data / "#sql-oob-probe0000").touch()
    recover(data)
    assert list(data.glob("#*")) == []


def test_a_link_with_such_a_name_is_left_alone(data):
    (data / "#sql-oob-x1").symlink_to("/etc")
    assert recover(data) == []
    assert (data / "#sql-oob-x1").is_symlink()


def test_what_was_never_kept_cannot_be_released(data):
    with pytest.raises(RestoreUnknownError):
        release(data, "x9")


@pytest.mark.parametrize("restore_id", ["", "X", "../x", "a b", "x" * 41])
def test_ids_are_plain(data, restore_id):
    with pytest.raises(ValueError, match=f"^{re.escape(restore_id)}$"), restoring(data, restore_id, Kind.FILES, NOW):
        pass


def test_a_killed_holder_does_not_lock_for_ever(data):
    pid = os.fork()
    if pid == 0:
        with restoring(data, "x1", Kind.FILES, NOW):
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    assert read_journal(data / "#sql-oob-x1") is not None
    assert [item.outcome for item in recover(data)] == [Outcome.REMOVED]


def test_without_exchange_at_once_two_renames_do_it(data, monkeypatch, folder):
    """A file system that knows no RENAME_EXCHANGE; there is none here to try it on."""
    monkeypatch.setattr("backups.domain.restore.exchange.rename_exchange", refuse)
    for name in ("new", "old", "stray"):
        (folder / name).mkdir()
    (folder / "more" / "letter").rename(folder / "new" / "letter")
    new, old = Side(list_entries(folder / "new"), folder / "new"), Side(list_entries(data), folder / "old")
    Exchange(data, new, old, folder / "stray").run(["letter", "sub"])
    assert read_tree(data) == {"letter": "new"}
    Exchange(data, old, new, folder / "stray").run(["letter", "sub"])
    assert read_tree(data) == {"letter": "old", "sub/file": "old"}
    assert read_tree(folder / "new") == {"letter": "new"}


def refuse(_first, _second):
    raise OSError(22, "Invalid argument")


def test_the_worst_of_several_folders_is_the_exit_code(data, capsys):
    assert main([]) == 2
    with restoring(data, "x1", Kind.FILES, NOW):
        assert main([str(data)]) == 4
        assert main([str(data), str(data / "nowhere")]) == 1
    assert main([str(data)]) == 0
    assert "at work here" in capsys.readouterr().out


def test_a_damaged_journal_does_not_keep_another_restore_from_being_settled(data, job):
    swap(data, job)
    (data / "#sql-oob-x1").rename(data / "#sql-oob-a")
    (data / "#sql-oob-a" / JOURNAL_NAME).write_text("")
    (data / "#sql-oob-x2").mkdir()
    with pytest.raises(JournalDamagedError):
        recover(data)
    assert [path.name for path in list_stage_folders(data)] == ["#sql-oob-a"]


def test_an_interrupted_release_is_told_as_such(data, job, capsys):
    swap(data, job)
    assert run_killed(lambda: release(data, "x1"), 1)
    assert main([str(data)]) == 0
    assert "data in place were not touched" in capsys.readouterr().out
    assert read_tree(data) == {"letter": "new", "sub/file": "new"}
