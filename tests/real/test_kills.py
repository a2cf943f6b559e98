"""SIGKILL of a backup and of a proof at any moment: nothing half-made has a final name, and the next run tidies up."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass
from itertools import cycle

import pytest
from holding import held_at
from realsite import (
    Site,
    archives_in,
    kill_hard,
    leftovers,
    names_of,
    own_children,
    practice_server,
    require_complete,
)
from waiting import wait_for_answer

SEED = 20261124
BACKUP = ("runbackup", "--source", "elexisdb", "--keep", "3")
PROOF = ("provebackup",)
# Stages that a run announces, and how many seconds later it is killed at most.
BACKUP_SPANS = {"backup": 0.8, "prepare": 0.3, "pack": 0.4}
PROOF_SPANS = {"verify": 0.9}


@pytest.fixture(scope="module")
def server():
    with practice_server(patients=50, megabytes=8) as server:
        yield server


@dataclass(frozen=True)
class Moment:
    """So many seconds after the run says that it has come to this stage."""

    stage: str
    delay: float


def draw(count: int, spans: dict[str, float]) -> list[Moment]:
    """Moments in turn after each stage, up to its longest delay, drawn by a fixed seed."""
    chance = random.Random(SEED)
    return [
        Moment(stage, chance.uniform(0, spans[stage])) for _, stage in zip(range(count), cycle(spans), strict=False)
    ]


def kill_and_recover(commands: Site, arguments: tuple[str, ...], moment: Moment) -> str:
    """Kill a command at ``moment``, look at what it left, let the next one succeed; tell when it was."""
    with held_at(moment.stage, commands, *arguments) as child:
        uid = commands.last_run("uid")
    time.sleep(moment.delay)
    programs = " ".join(sorted(names_of(own_children(uid)))) or "no child"
    kill_hard(child)
    wait_for_answer(lambda: own_children(uid), [])
    for archive in archives_in(commands.backup_dir):
        require_complete(archive, commands.folder)
    code, content = commands.run(*arguments)
    assert (code, content["state"]) == (0, "done")
    assert leftovers(commands.folder) == []
    assert commands.last_run(f"(SELECT COUNT(*) FROM backups_backuprun WHERE uid = '{uid}' AND state = 'running')") == 0
    return programs


def kill_often(commands: Site, arguments: tuple[str, ...], count: int, spans: dict[str, float], capsys) -> None:
    found = Counter(kill_and_recover(commands, arguments, moment) for moment in draw(count, spans))
    with capsys.disabled():
        print(f"\n{count} kills of {arguments[0]}; running were: {dict(found)}")


def test_a_killed_backup_leaves_nothing_half_made(commands, writing, capsys):
    kill_often(commands, BACKUP, 10, BACKUP_SPANS, capsys)


def test_a_killed_proof_leaves_no_server_and_no_data(commands, capsys):
    commands.run(*BACKUP)
    kill_often(commands, PROOF, 8, PROOF_SPANS, capsys)


@pytest.mark.chaos
def test_a_hundred_killed_backups_leave_nothing_half_made(commands, writing, capsys):
    kill_often(commands, BACKUP, 100, BACKUP_SPANS, capsys)


@pytest.mark.chaos
def test_a_hundred_killed_proofs_leave_no_server_and_no_data(commands, capsys):
    commands.run(*BACKUP)
    kill_often(commands, PROOF, 100, PROOF_SPANS, capsys)
