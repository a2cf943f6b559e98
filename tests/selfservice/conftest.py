from packing import fake_tool  # noqa: F401 - a fixture
from selfservicesite import owner, saved, webelexis  # noqa: F401 - fixtures

from tests.answering import answering  # noqa: F401 - a fixture
