"""Looking again and again for what has to come."""

from __future__ import annotations

import time

import pytest

from backups.domain.attempts import attempts


def test_without_any_time_there_is_one_look():
    assert list(attempts(0, pause=60)) == [None]


def test_who_was_suspended_looks_once_more():
    looks = attempts(0.5, pause=0)
    next(looks)
    time.sleep(0.6)
    next(looks)
    with pytest.raises(StopIteration):
        next(looks)
