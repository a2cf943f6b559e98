"""The practice of the demonstration after a restore has stopped its server."""

from __future__ import annotations

import contextlib

import pytest
from waiting import wait_until

from backups.domain.mariadb.rights import missing_for_restore, read_grants
from demo.comeback import bring_back
from demo.practice import build_database
from demo.server import PracticeServer
from demo.writer import Writer


@pytest.fixture
def server(folder):
    with PracticeServer(folder) as server:
        build_database(server.connect(), patients=20)
        server.create_accounts()
        server.allow_restores()
        yield server


@pytest.fixture
def writer(server):
    with Writer(
        server.socket, database="elexisoob", user=server.app_user, password=server.app_password, rate=20
    ) as writer:
        yield writer


def stop(server):
    """As a restore does it."""
    with contextlib.closing(server.connect(user=server.backup_user, password=server.backup_password)) as conn:
        assert missing_for_restore(read_grants(conn), "elexisoob") == []
        conn.query("SHUTDOWN")
    wait_until(lambda: not server.is_running)


def test_a_server_that_was_stopped_comes_back_and_with_it_who_works_there(server, writer):
    stop(server)
    bring_back(server, writer)
    assert (server.is_running, writer.is_running) == (True, True)


def test_a_server_that_must_not_start_yet_is_left_alone(server, writer):
    stop(server)
    real, gate = server.datadir / "ibdata1", server.datadir / "kept"
    real.rename(gate)
    real.write_text("A restore is under way.")
    bring_back(server, writer)
    assert not server.is_running
    gate.rename(real)
    bring_back(server, writer)
    assert (server.is_running, writer.is_running) == (True, True)
