"""What the command line says of itself: in the language of the installation, and with the promised exit codes."""

from __future__ import annotations

import argparse
import inspect
import json
import os
import re
import signal
import subprocess
import sys

import pytest
from django.utils import translation

from backups.models import Source
from manage import main
from oobsite.commandline import _WORDS, CommandLine, one_or_more


@pytest.fixture
def call(monkeypatch, capsys):
    """Carry out ``manage.py`` with arguments that end it; returns exit code, output, and what went to stderr."""
    monkeypatch.setattr(argparse, "_", argparse._)  # which comes back
    monkeypatch.setattr(os, "umask", lambda _mode: None)

    def run(*arguments, language="en"):
        monkeypatch.setattr(sys, "argv", ["manage.py", *arguments])
        with translation.override(language), pytest.raises(SystemExit) as end:
            main()
        return end.value.code, *capsys.readouterr()

    return run


@pytest.fixture
def call_help(monkeypatch, capsys):
    """What ``manage.py`` prints in English when it ends as it should."""
    monkeypatch.setattr(argparse, "_", argparse._)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["manage.py", *arguments])
        with translation.override("en"):
            CommandLine(sys.argv).execute()
        return capsys.readouterr().out

    return run


def test_a_command_that_is_not_there_is_a_wrong_call(call):
    code, out, err = call("lisbackups")
    assert (code, out) == (2, "")
    assert err == "There is no command “lisbackups”. Did you mean “listbackups”? `manage.py help` lists all.\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("listbackups", "--keep", "x"), "--keep: “x” is no whole number from 1 on."),
        (("browsebackup",), "Something is missing: ARCHIVE."),
        (("listbackups", "--all"), "This is not known here: --all."),
        (("rotatekeys", "--wait", "soon"), "--wait: “soon” is not possible here."),
        (("crontab", "look"), "subcommand: There is no “look”; there are: 'add', 'show', 'remove', 'run'."),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_was_mistyped_is_said_with_the_way_to_the_help(call, arguments, sentence):
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    help_line = f"Nothing was done. `manage.py {arguments[0]} --help` explains the call."
    assert err.splitlines()[-2:] == [sentence, help_line]


def test_the_help_speaks_the_language_and_of_our_options_alone(call):
    code, out, _err = call("listbackups", "--help", language="de")
    with translation.override("de"):
        assert out.startswith(str(_WORDS["usage: "]))
        assert str(_WORDS["show this help message and exit"]) in out
    assert code == 0
    assert re.findall(r"^  (--\w+)", out, re.MULTILINE) == ["--json", "--plan", "--keep"]


def test_the_list_of_commands_names_ours_alone_with_what_they_do(call_help):
    text = call_help("help")
    names = re.findall(r"^  (\w+) {2,}\S", text, re.MULTILINE)
    assert {"runbackup", "watchdog", "crontab", "testmail", "renewcerts"} <= set(names)
    assert not {"migrate", "qcluster", "auditlogflush"} & set(names)
    assert re.search(r"^  listcerts +Lists the certificates", text, re.MULTILINE)


def test_what_completes_names_still_has_all_of_them(call_help):
    assert {"runbackup", "migrate"} <= set(call_help("help", "--commands").split())


@pytest.mark.parametrize(
    ("arguments", "start"),
    [
        (("lisbackups",), "There is no command “lisbackups”."),
        (("listbackups", "--keep", "x"), "--keep: “x” is no whole number"),
        (("browsebackup",), "Something is missing: ARCHIVE."),
        (("listbackups", "--all"), "This is not known here: --all."),
    ],
)
def test_with_json_a_wrong_call_is_an_object_too(call, arguments, start):
    code, out, err = call(*arguments, "--json")
    answer = json.loads(out)
    assert (code, err) == (2, "")
    assert (answer["ok"], answer["error"]) == (False, "call")
    assert answer["text"].startswith(start)


@pytest.mark.parametrize("is_json", [False, True])
def test_a_wrong_setting_is_said_in_the_same_way(is_json):
    command = [sys.executable, "manage.py", "listbackups", *(["--json"] if is_json else [])]
    environment = os.environ | {"OOB_TIME_ZONE": "Mars"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    said = json.loads(ended.stdout) if is_json else {"text": ended.stderr}
    assert ended.returncode == 1
    assert said["text"].startswith("OOB_TIME_ZONE")
    assert said.get("error", "setting") == "setting"


@pytest.mark.usefixtures("installation")
def test_with_json_a_check_that_refuses_to_begin_is_an_object_too(call):
    Source.objects.filter(name="pacsdata").update(path="webelexisdata/pacs")
    code, out, err = call("listbackups", "--json")
    answer = json.loads(out)
    assert (code, err, answer["ok"], answer["error"]) == (1, "", False, "check")
    assert "backups.E001" in answer["text"]
    assert call("listbackups")[:2] == (1, "")


def test_each_text_that_is_replaced_is_one_of_argparse():
    source = inspect.getsource(argparse)
    assert [text for text in _WORDS if text.replace("\n", "\\n") not in source] == []


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "x", "", "²"])
def test_what_counts_nothing_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError):
        one_or_more(text)
    assert one_or_more("12") == 12


def test_ctrl_c_while_a_command_begins_leaves_no_trace(call, monkeypatch):
    monkeypatch.setattr(CommandLine, "execute", lambda _line: signal.raise_signal(signal.SIGINT))
    assert call("listbackups") == (5, "", "")
