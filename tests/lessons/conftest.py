from packing import *  # noqa: F403 - fixtures
