from messaging import *  # noqa: F403 - fixtures
