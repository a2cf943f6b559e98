"""What the command line says of itself: in the language of the installation, and with the promised exit codes."""

from __future__ import annotations

import argparse
import inspect
import os
import re
import signal
import sys

import pytest
from django.utils import translation

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
