"""A real server of a practice, installations that back it up, and the runs that `make test` leaves out."""

from __future__ import annotations

import os

import pytest
from holding import end_all
from packing import fake_tool, run_command, tmpfs  # noqa: F401 - fixtures
from realsite import *  # noqa: F403 - fixtures
from realsite import DATABASE, STARTED, Site, prepared_data
from restarting import restarting_server
from sqlsite import make_dump

from demo.writer import Writer


def pytest_collection_modifyitems(config, items):
    """`make test` leaves out the long runs of `make chaos` (OOB_CHAOS=1) and the servers of `make versions`
    (OOB_VERSIONS=1)."""
    left_out = [name for name in ("chaos", "versions") if os.environ.get(f"OOB_{name.upper()}") != "1"]
    others = [item for item in items if any(item.get_closest_marker(name) for name in left_out)]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]


@pytest.fixture(autouse=True)
def nobody_left():
    yield
    end_all(STARTED)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """The data folder of an installation on which `manage.py prepare` has run once."""
    return prepared_data(tmp_path_factory.mktemp("prepared"))


@pytest.fixture(scope="module")
def restarting():
    """A server that something starts again whenever it ends."""
    with restarting_server() as server:
        yield server


@pytest.fixture(scope="module")
def new_dump(server):
    """A dump of what ``server_for_sql`` would say if it were new."""
    return make_dump(server, server.folder / "new.sql")


@pytest.fixture
def commands(server, folder, prepared):
    """An installation whose commands run as processes of their own."""
    return Site(folder, server, prepared)


@pytest.fixture
def writing(server):
    """Somebody who commits as fast as the server takes it."""
    with Writer(server.socket, database=DATABASE, user=server.app_user, password=server.app_password) as writer:
        yield writer
