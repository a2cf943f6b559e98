"""Questions to the worker, for pages: it alone may look at the practice's server and into the folders."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task, fetch

from backups.domain.restore.errors import WorkerSilentError
from oobsite.errors import OobError

ANSWER_SECONDS = 5


def ask(question: str, about: Any) -> Any:
    """What the function ``question`` of ``backups.jobs`` answers; one of another app comes with its whole path.

    Raises ``WorkerSilentError``, and the ``OobError`` that the worker has met. A caller that holds a transaction open
    gets a ``RuntimeError``: the worker would not see the question before its end.
    """
    until = timezone.now() + timedelta(seconds=ANSWER_SECONDS)
    path = question if "." in question else f"backups.jobs.{question}"
    with transaction.atomic(durable=True):
        task_id = async_task(path, about, until, cluster="quick")
    task = fetch(task_id, wait=ANSWER_SECONDS * 1000)
    if task is None:
        raise WorkerSilentError(ANSWER_SECONDS)
    task.delete()
    if not task.success:
        raise RuntimeError(task.result)
    if isinstance(task.result, OobError):
        raise task.result
    return task.result
