"""Answers to what pages ask the worker, given by django-q2's own worker in this process and its thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace

import pytest
from django.db import transaction
from django_q.tasks import async_task

from backups.services import asking

_turn = threading.RLock()


@contextmanager
def _in_turn(**options: bool) -> Iterator[None]:
    """Pages of one browser share a connection, where a question beside another one looks like one inside of it."""
    with _turn, transaction.atomic(**options):
        yield


@pytest.fixture
def answering(monkeypatch):
    """Tests within one transaction cannot be seen by another process, so the worker does its task right here."""
    monkeypatch.setattr(asking, "async_task", partial(async_task, sync=True))
    monkeypatch.setattr(asking, "transaction", SimpleNamespace(atomic=_in_turn))
