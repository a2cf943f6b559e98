"""One practice for the tests of this folder."""

from __future__ import annotations

import pytest

from demo.practice import build_database
from demo.server import PracticeServer, short_folder

PATIENTS = 200


@pytest.fixture
def folder():
    with short_folder() as path:
        yield path


@pytest.fixture(scope="session")
def practice():
    """A running server with 200 patients and both accounts."""
    with short_folder() as path, PracticeServer(path) as server:
        connection = server.connect()
        build_database(connection, patients=PATIENTS)
        connection.close()
        server.create_accounts()
        yield server


@pytest.fixture
def cursor(practice):
    connection = practice.connect("elexisoob")
    yield connection.cursor()
    connection.close()
