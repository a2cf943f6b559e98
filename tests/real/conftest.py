"""A real server of a practice, installations that back it up, and the long fault runs of `make chaos`."""

from __future__ import annotations

import os

import pytest
from packing import fake_tool, run_command, tmpfs  # noqa: F401 - fixtures
from realsite import *  # noqa: F403 - fixtures
from realsite import DATABASE, Site, prepared_data

from demo.writer import Writer


def pytest_collection_modifyitems(config, items):
    """`make test` takes the short runs, `make chaos` (OOB_CHAOS=1) has the long ones beside them."""
    if os.environ.get("OOB_CHAOS") == "1":
        return
    long_runs = [item for item in items if item.get_closest_marker("chaos")]
    config.hook.pytest_deselected(items=long_runs)
    items[:] = [item for item in items if item not in long_runs]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """The data folder of an installation on which `manage.py prepare` has run once."""
    return prepared_data(tmp_path_factory.mktemp("prepared"))


@pytest.fixture
def commands(server, folder, prepared):
    """An installation whose commands run as processes of their own."""
    return Site(folder, server, prepared)


@pytest.fixture
def writing(server):
    """Somebody who commits as fast as the server takes it."""
    with Writer(server.socket, database=DATABASE, user=server.app_user, password=server.app_password) as writer:
        yield writer
