from __future__ import annotations

from enum import StrEnum


class Step(StrEnum):
    """The steps of a restore, in their order; a run says which one it is at."""

    CHECK = "check"
    SAFETY = "safety"
    STAGE = "stage"
    PROVE = "prove"
    SWAP = "swap"
    TEST = "test"
