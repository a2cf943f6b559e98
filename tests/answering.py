"""Answers to what pages ask the worker, given by django-q2's own worker in this process and its thread."""

from __future__ import annotations

from functools import partial

import pytest
from django_q.tasks import async_task

from backups.services import asking


@pytest.fixture
def answering(monkeypatch):
    """Tests within one transaction cannot be seen by another process, so the worker does its task right here."""
    monkeypatch.setattr(asking, "async_task", partial(async_task, sync=True))
