"""Looking again and again for what has to come, as long as it may take."""

from __future__ import annotations

import time
from collections.abc import Iterator


def attempts(seconds: float, pause: float) -> Iterator[None]:
    """A round for each look, one at least, for so many seconds, with a pause between two of them.

    Whether the time is over is asked before the look: who was suspended meanwhile looks once more.
    """
    deadline = time.monotonic() + seconds
    is_last = False
    while not is_last:
        is_last = time.monotonic() >= deadline
        yield
        if not is_last:
            time.sleep(pause)
