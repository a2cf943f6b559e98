"""The chain on SQLite, MariaDB and PostgreSQL, all real: two processes write at once, then somebody tampers with it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from owndatabases import SERVERS

from demo.server import short_folder

ROOT = Path(__file__).parents[2]
WRITE = """
from oobsite.accounts.actors import Actor
from oobsite.audit.services import record
for number in range({count}):
    record(Actor("{name}"), "command.run", None, {{"number": number, "text": "Zürich \\U0001f9ea"}})
"""
EVENTS = 40


def manage(environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def output(child: subprocess.Popen[str]) -> str:
    with child:
        text = child.communicate()[0]
    assert child.returncode == 0
    return text


def shell(environment: dict[str, str], code: str) -> subprocess.Popen[str]:
    return manage(environment, "shell", "-v", "0", "-c", code)


def environment_of(data_dir: Path, **values: str) -> dict[str, str]:
    data_dir.mkdir()
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("OOB_", "DB"))}
    return clean | {"OOB_DATA_DIR": str(data_dir), "OOB_URL": "http://localhost:8000"} | values


@pytest.fixture(scope="module", params=["sqlite", *SERVERS])
def environment(request):
    """An installation whose chain two processes have written at the same time."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(short_folder("ooba-"))
        server = SERVERS.get(request.param)
        url = {"OOB_DATABASE_URL": stack.enter_context(server(folder))} if server else {}
        values = environment_of(folder / "data", **url)
        output(manage(values, "migrate", "-v", "0"))
        writers = [shell(values, WRITE.format(count=EVENTS, name=name)) for name in ("anna", "beat")]
        for writer in writers:
            output(writer)
        yield values


@pytest.fixture(scope="module")
def found(environment):
    """What ``audit_tampering.py`` saw."""
    return json.loads(output(shell(environment, (ROOT / "tests/oobsite/audit_tampering.py").read_text())))


def test_two_processes_write_one_chain(environment):
    result = json.loads(output(manage(environment, "verifyaudit", "--json")))
    assert result["ok"]
    assert result["count"] >= 2 * EVENTS


def test_the_database_refuses_to_change_and_to_delete(found):
    assert found["refused"] == [True, True]


def test_an_untouched_chain_is_intact(found):
    assert found["untouched"] == ["", 0, ""]


@pytest.mark.parametrize(
    ("deed", "problem", "number"),
    [
        ("changed", "changed", 7),
        ("changed with its hash", "changed", 7),
        ("removed", "removed", 9),
        ("first removed", "removed", 1),
        ("reordered", "changed", 4),
    ],
)
def test_the_first_broken_event_is_named(found, deed, problem, number):
    assert found[deed][:2] == [problem, number]


def test_an_event_with_correct_hashes_that_oobsite_did_not_write_is_found(found):
    assert found["inserted"][:2] == ["inserted", found["last"] + 1]


@pytest.mark.parametrize("deed", ["cut off", "cut off with the head"])
def test_a_removed_end_is_found_and_seen_at_a_glance(found, deed):
    assert found[deed] == ["removed-end", found["last"] - 4, "removed-end"]


def test_an_emptied_table_is_found_and_seen_at_a_glance(found):
    assert found["emptied"] == ["removed-end", 1, "removed-end"]
