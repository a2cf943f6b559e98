"""Ending a backup early: by its row, by Ctrl-C, and by SIGTERM; within five seconds, with nothing left."""

from __future__ import annotations

import signal
import time

import pytest
from holding import held_at
from realsite import archives_in, leftovers, names_of, own_children
from waiting import wait_for_answer, wait_until

BACKUP = ("runbackup", "--source", "elexisdb")
HANGING = '#!/bin/sh\ncase "$*" in *--backup*) sleep 600;; *) exec mariadb-backup "$@";; esac\n'


@pytest.fixture
def hanging(commands, folder):
    """A backup whose tool hangs; returns its process."""
    tool = folder / "hanging-backup"
    tool.write_text(HANGING)
    tool.chmod(0o755)
    with held_at("backup", commands, *BACKUP, OOB_MARIADB_BACKUP=str(tool)) as child:
        pass
    wait_until(lambda: "sleep" in names_of(own_children(commands.last_run("uid"))))
    yield child
    if child.poll() is None:
        child.send_signal(signal.SIGINT)
    child.communicate()


def require_end(commands, child, begin: float) -> None:
    wait_for_answer(lambda: own_children(commands.last_run("uid")), [])
    assert time.monotonic() - begin < 5
    assert (child.wait(), commands.last_run("state")) == (5, "interrupted")
    assert (leftovers(commands.folder), archives_in(commands.backup_dir)) == ([], [])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_backup(commands, hanging, number):
    begin = time.monotonic()
    hanging.send_signal(number)
    require_end(commands, hanging, begin)


def test_a_request_in_the_row_ends_a_backup(commands, hanging):
    commands.request_cancel()
    require_end(commands, hanging, time.monotonic())


def test_a_second_backup_says_who_is_working(commands, hanging):
    code, content = commands.run(*BACKUP)
    assert (code, content["error"]) == (4, "busy")
    assert str(hanging.pid) in content["text"]
