"""What commands print, and how they end."""

from __future__ import annotations

import json
import os
import signal
from datetime import UTC, datetime

import pytest
import time_machine
from calling import call
from django.core.management import CommandError, call_command
from django.utils import translation

from backups import services
from backups.messages import KEEP_REASONS, sentence
from backups.models import BackupRun, Source
from backups.services import catalogue
from oobsite.accounts.actors import system_actor


@pytest.mark.parametrize("command", ["runbackup", "listbackups", "scanbackups", "verifybackup", "provebackup"])
def test_every_command_prints_one_json_object(practice, run_command, command):
    run_command("runbackup")
    _code, answer = run_command(command)  # which parses all that was printed
    assert answer["ok"] is True


@pytest.mark.parametrize("command", ["runbackup", "listbackups", "scanbackups", "verifybackup", "provebackup"])
def test_every_command_says_in_json_what_went_wrong(practice, run_command, settings, command):
    settings.OOB_BACKUP_DIR = practice / "nowhere"
    code, answer = run_command(command)
    assert (code, answer["ok"], answer["error"]) == (1, False, "folder-missing")
    assert str(practice / "nowhere") in answer["text"]


def test_a_run_for_people_names_archives_and_ends_with_its_state(practice):
    code, out, err = call("runbackup")
    assert (code, err) == (0, "")
    who, *lines = out.splitlines()
    assert system_actor().name in who
    assert ["webelexisdata_" in lines[0], "pacsdata_" in lines[1]] == [True, True]
    assert lines[-1].endswith(" s)")


def test_an_error_for_people_is_one_sentence_on_stderr(practice):
    code, out, err = call("runbackup", "--source", "nothing")
    assert code == 2
    assert len(err.splitlines()) == 1
    assert "Traceback" not in out + err
    assert "nothing" in err


@pytest.mark.parametrize("command", [("runbackup", "--keep", "0"), ("listbackups", "--plan", "--keep", "-1")])
def test_keeping_nothing_is_refused(practice, command):
    with pytest.raises(CommandError) as caught:
        call_command(*command)
    assert "--keep" in str(caught.value)
    assert list((practice / "backup").iterdir()) == []


def test_the_list_is_empty_before_the_first_backup(practice):
    code, out, _err = call("listbackups")
    assert code == 0
    assert "runbackup" in out


def test_the_list_shows_every_archive_with_size_and_time(practice, run_command):
    _code, answer = run_command("runbackup")
    _code, out, _err = call("listbackups")
    assert [line.split()[0] for line in out.splitlines()] == [item["name"] for item in answer["archives"]]
    assert " kB  " in out


def test_the_plan_tells_people_the_fate_of_every_archive(practice, run_command):
    for day in (24, 25):
        with time_machine.travel(datetime(2026, 11, day, 3, 15, tzinfo=UTC), tick=False):
            run_command("runbackup", "--source", "pacsdata")
    _code, out, _err = call("listbackups", "--plan", "--keep", "1")
    newest, oldest = out.splitlines()
    with translation.override("de"):
        reason = str(KEEP_REASONS["no-policy"])
    assert reason not in newest + oldest
    assert newest.split("  ")[-1] == oldest.split("  ")[-1]  # the next backup takes the one place


def test_the_plan_gives_reasons_in_words(practice, run_command):
    run_command("runbackup", "--source", "pacsdata")
    Source.objects.filter(name="pacsdata").update(is_pruning_stopped=True)
    _code, out, _err = call("listbackups", "--plan", "--keep", "1")
    fate, question = out.splitlines()
    with translation.override("de"):
        assert str(KEEP_REASONS["pruning-stopped"]) in fate
        assert question.endswith(sentence("pruning-still-stopped", {}))


def test_a_run_that_was_cancelled_before_it_began_is_told(practice, run_command, monkeypatch):
    run_command("runbackup")
    create = services.create_run

    def create_and_cancel(*args, **kwargs):
        run = create(*args, **kwargs)
        services.request_cancel(system_actor(), run)
        return run

    monkeypatch.setattr(services, "create_run", create_and_cancel)
    assert call("runbackup")[0] == 5
    assert call("provebackup")[0] == 5


def test_a_proof_gives_no_report_of_another_proof(practice, run_command):
    run_command("runbackup")
    run_command("provebackup")
    name = run_command("listbackups")[1]["archives"][0]["name"]
    answer = run_command("provebackup", name)[1]
    assert list(answer["proofs"]) == [name]
    assert "archive" not in answer["proofs"][name]


def test_a_run_without_its_task_is_not_kept(practice, monkeypatch):
    monkeypatch.setattr(services, "async_task", lambda *_, **_options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        services.request_backup(system_actor())
    assert not BackupRun.objects.exists()


def test_a_damaged_archive_is_told_for_people(practice, run_command):
    _code, answer = run_command("runbackup", "--source", "pacsdata")
    name = answer["archives"][0]["name"]
    with (practice / "backup" / name).open("ab") as file:
        file.write(b"x")
    code, out, _err = call("verifybackup")
    assert code == 1
    assert out.startswith(f"x {name}")


def test_dbgrants_prints_the_statements_though_the_server_is_away(practice, run_command):
    code, answer = run_command("dbgrants", "--restore")
    assert (code, answer["ok"]) == (1, False)
    assert answer["statements"][0].startswith("CREATE USER")
    assert "/nonexistent/socket" in answer["text"]


def test_json_is_all_that_a_process_prints(folder, manage):
    manage("prepare", "--quiet").communicate()
    (folder / "mnt" / "lucindadata").mkdir()
    (folder / "mnt" / "lucindadata" / "file").write_text("x")
    process = manage("runbackup", "--source", "lucindadata", "--json")
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert json.loads(out)["state"] == "done"


def test_a_verification_ends_gently_at_the_first_signal(practice, run_command, monkeypatch):
    run_command("runbackup")
    scan = catalogue.list_folder

    def scan_and_interrupt():
        os.kill(os.getpid(), signal.SIGTERM)
        return scan()

    monkeypatch.setattr(catalogue, "list_folder", scan_and_interrupt)
    code, answer = run_command("verifybackup")
    assert (code, answer["error"]) == (5, "cancelled")
