"""Waiting for what has to come: patiently, since a test that waits in vain is red anyway."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

PATIENCE_SECONDS = 120


def wait_until(is_so: Callable[[], Any], seconds: float = PATIENCE_SECONDS, pause: float = 0.02) -> Any:
    """Ask again and again until the answer is true, and return it; for a state that stays once it is there."""
    return _wait(is_so, bool, seconds, pause)


def wait_for_answer(ask: Callable[[], Any], wanted: Any) -> None:
    """Ask until the answer is this one; another is shown when it never comes."""
    _wait(ask, lambda answer: answer == wanted)


def _wait(
    ask: Callable[[], Any], is_right: Callable[[Any], bool], seconds: float = PATIENCE_SECONDS, pause: float = 0.02
) -> Any:
    end = time.monotonic() + seconds
    while not is_right(answer := ask()):
        assert time.monotonic() < end, f"waited {seconds:.0f} s in vain; the last answer was {answer!r}"
        time.sleep(pause)
    return answer
