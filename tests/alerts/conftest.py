from alerting import clock  # noqa: F401 - a fixture
from messaging import *  # noqa: F403 - fixtures
