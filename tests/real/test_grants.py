"""The statements that `manage.py dbgrants` prints make an account that lacks nothing."""

from __future__ import annotations

import pytest
from realsite import run_sql

NEW = "neues_konto"


@pytest.fixture
def account(site, settings):
    settings.OOB_BACKUP_DBUSER, settings.OOB_BACKUP_DBPWD = NEW, "geheim'1"


def run_as_printed(server, statements: list[str]) -> None:
    """As a practice does it: a password in its place, the rest as it stands."""
    run_sql(server, *(line.replace("<password>", "geheim''1").removesuffix(";") for line in statements))


def test_before_the_statements_the_account_is_refused(server, account, run_command):
    code, content = run_command("dbgrants")
    assert (code, content["ok"]) == (1, False)
    assert NEW in content["text"]


def test_after_the_statements_nothing_is_missing(server, account, run_command):
    run_as_printed(server, run_command("dbgrants")[1]["statements"])
    code, content = run_command("dbgrants")
    assert (code, content["missing"]) == (0, [])
    assert run_command("dbgrants", "--restore")[1]["missing"] != []
    assert run_command("runbackup", "--source", "elexisdb", "--dump")[0] == 3


def test_after_the_statements_for_a_restore_nothing_is_missing(server, account, run_command):
    run_as_printed(server, run_command("dbgrants", "--restore")[1]["statements"])
    code, content = run_command("dbgrants", "--restore")
    assert (code, content["missing"]) == (0, [])


def test_a_server_with_binary_log_is_served_by_the_same_statements(server, account, run_command):
    statements = run_command("dbgrants")[1]["statements"]
    assert any("REPLICATION CLIENT" in statement for statement in statements)
