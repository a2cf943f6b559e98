"""Fixtures for the settings file: node itself."""

from __future__ import annotations

import pytest
from nodejs import Node
from packing import fake_tool, tmpfs  # noqa: F401 - fixtures


@pytest.fixture(scope="session")
def node(tmp_path_factory):
    """One process for all files of the run."""
    running = Node(tmp_path_factory.mktemp("node"))
    yield running
    running.close()
