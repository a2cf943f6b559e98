"""From a failed command to a mail: command, worker and mail server are processes and sockets of their own."""

from __future__ import annotations

import subprocess
import sys

import pytest
from messaging import mail_server
from realsite import ROOT, installation_environment, prepared_data
from waiting import wait_until

CHANNEL = (
    "from oobsite.alerts.models import AlertChannel; AlertChannel.objects.create(name='Praxis', addresses='a@b.ch')"
)


@pytest.fixture
def box():
    with mail_server() as served:
        yield served


@pytest.fixture
def environment(folder, box) -> dict[str, str]:
    """An installation with a recipient, whose folders of sources are all missing."""
    prepared_data(folder)
    mail = {"OOB_SMTP_HOST": "127.0.0.1", "OOB_SMTP_PORT": str(box.port), "OOB_SMTP_SECURITY": "none"}
    made = installation_environment(folder) | mail | {"OOB_SMTP_FROM": "oobsite@b.ch", "OOB_LANGUAGE": "en"}
    subprocess.run([sys.executable, "manage.py", "shell", "-v0", "-c", CHANNEL], cwd=ROOT, env=made, check=True)
    return made


def manage(environment, *arguments: str) -> int:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True).returncode


def test_a_failed_backup_arrives_as_a_mail(environment, box):
    worker = subprocess.Popen(
        [sys.executable, "manage.py", "worker"], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
    )
    try:
        assert manage(environment, "runbackup", "--source", "pacsdata", "--json") == 1
        wait_until(lambda: box.mails)
    finally:
        worker.terminate()
        worker.wait()
    (mail,) = box.mails
    assert mail["Subject"] == "oobsite: Backup failed"
    assert "Affected: PACS. Cause: a folder is missing or empty." in " ".join(mail.get_content().split())


def test_without_a_worker_it_arrives_with_the_next_who_delivers(environment, box):
    assert manage(environment, "runbackup", "--source", "pacsdata", "--json") == 1
    assert box.mails == []
    code = "from oobsite.alerts.delivering import deliver_due; deliver_due()"
    assert manage(environment, "shell", "-v0", "-c", code) == 0
    assert len(box.mails) == 1
