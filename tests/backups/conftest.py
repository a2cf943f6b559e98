import pytest
from packing import *  # noqa: F403 - fixtures

from tests.people import make_user


@pytest.fixture
def owner(client):
    """Who is logged in and reads English."""
    user = make_user(username="muster", language="en")
    client.force_login(user)
    return user
