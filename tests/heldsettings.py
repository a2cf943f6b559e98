"""The settings of a process that stops at a stage; see holding.py."""

from oobsite.settings import *  # noqa: F403
from oobsite.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.holding.Holding"]
