"""The worker outlives its own database: one that restarts ends no job and leaves no queue behind."""

from __future__ import annotations

import subprocess
from io import StringIO

import pytest
from django.db import connection

from oobsite.management.commands.worker import Command, _end

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_tables():
    """No question is answered, until the test's transaction is rolled back."""
    with connection.cursor() as cursor:
        for table in ("backups_heartbeat", "backups_backuprun"):
            cursor.execute(f"ALTER TABLE {table} RENAME TO {table}_away")


@pytest.fixture
def queue():
    """A process in a session of its own that ends a second after it was told to."""
    script = "trap 'sleep 1; exit' TERM; echo; while :; do sleep 0.1; done"
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, start_new_session=True) as child:
        child.stdout.readline()
        yield child
        child.kill()


def test_queues_are_left_alone_when_nobody_can_be_asked(queue):
    said, queues = StringIO(), {"quick": queue}
    Command(stderr=said)._replace_hanging(queues)
    assert (queues, queue.poll()) == ({"quick": queue}, None)
    assert "backups_heartbeat" in said.getvalue()


def test_queues_end_although_no_job_can_be_told_to_stop(queue):
    _end([queue], grace_seconds=0.1)
    assert queue.returncode == 0
