"""Failures in the night that people are told of, at a time that stands still."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine

from oobsite.alerts import raise_alert

NIGHT = datetime(2026, 11, 24, 3, 15, tzinfo=UTC)  # a Tuesday


@pytest.fixture
def clock(settings):
    """It is ``NIGHT`` until a test moves it on, and all is said in English."""
    settings.LANGUAGE_CODE = "en"
    with time_machine.travel(NIGHT, tick=False) as traveller:
        yield traveller


def fail(key="", **values) -> None:
    params = {"action": "backup", "started_at": NIGHT.isoformat()}
    raise_alert("backup", key, code="run-failed", params=params, **values)


def subjects(box) -> list[str]:
    return [mail["Subject"].removeprefix("Praxis am See: ") for mail in box.mails]
