import pytest
from certificates import authority, certs_site  # noqa: F401 - fixtures
from packing import tmpfs  # noqa: F401 - a fixture

from tests.people import logged_in


@pytest.fixture
def owner(client):
    return logged_in(client, "owner")
