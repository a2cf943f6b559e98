"""The record cannot be written: acts are refused with a sentence, and what is done stays done."""

import pytest
from django.urls import reverse
from django.utils import timezone

from backups import services
from backups.models import BackupArchive, BackupRun
from backups.services.runs import Recorder
from oobsite.accounts.actors import system_actor
from oobsite.audit.errors import AuditWriteError
from oobsite.audit.models import AuditEvent
from oobsite.audit.services import record
from oobsite.audit.witness import WITNESS_NAME
from tests.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages")]


@pytest.fixture(autouse=True)
def witness(settings, tmp_path):
    settings.OOB_BACKUP_DIR = settings.OOB_DATA_DIR = tmp_path
    return tmp_path / WITNESS_NAME


def block(witness):
    """Nobody, not even root, writes into a folder as into a file."""
    witness.unlink(missing_ok=True)
    witness.mkdir()


def test_the_error_says_why_and_nothing_is_stored(witness):
    block(witness)
    with pytest.raises(AuditWriteError, match="directory"):
        record(system_actor(), "keys.rotated")
    assert not AuditEvent.objects.exists()


def test_a_backup_that_cannot_be_put_on_record_is_not_ordered(witness):
    block(witness)
    with pytest.raises(AuditWriteError):
        services.request_backup(system_actor())
    assert not BackupRun.objects.exists()


def make_run(**fields):
    return BackupRun.objects.create(action="backup", trigger="screen", state="queued", request={}, **fields)


def codes(run):
    run.refresh_from_db()
    return [(line["level"], line["code"]) for line in run.log]


def test_a_finished_backup_keeps_its_state_and_warns(witness, monkeypatch):
    block(witness)
    run = make_run()
    monkeypatch.setattr(services, "run_backup", lambda run, recorder: None)
    assert services.carry_out(run, Recorder(run)) == []
    assert codes(run) == [("warning", "audit-not-written")]


def test_the_error_of_the_run_itself_is_what_is_raised(witness, monkeypatch):
    def fail(run, recorder):
        raise ZeroDivisionError

    block(witness)
    run = make_run()
    monkeypatch.setattr(services, "run_backup", fail)
    with pytest.raises(ZeroDivisionError):
        services.carry_out(run, Recorder(run))
    assert codes(run) == [("warning", "audit-not-written")]


def saving(run, recorder):
    BackupArchive.objects.create(name="a.tar.gz", series="a", size=1, taken_at=timezone.now(), run=run)


def test_a_proof_that_cannot_be_ordered_is_a_warning_of_the_backup(witness, monkeypatch):
    block(witness)
    run = make_run()
    run.request = {"is_proved": True}
    run.save()
    monkeypatch.setattr(services, "run_backup", saving)
    services.carry_out(run, Recorder(run))
    assert codes(run) == [("warning", "proof-not-requested"), ("warning", "audit-not-written")]
    assert not BackupRun.objects.filter(action="proof").exists()


def test_a_proof_is_ordered_by_the_system_when_the_user_may_no_longer(monkeypatch):
    run = make_run(requested_by=make_user("reader"))
    run.request = {"is_proved": True}
    run.save()
    monkeypatch.setattr(services, "run_backup", saving)
    services.carry_out(run, Recorder(run))
    proof = BackupRun.objects.get(action="proof")
    assert proof.requested_by is None
    assert AuditEvent.objects.get(action="proof.requested").actor == system_actor().name


def test_a_download_gives_the_sentence_not_a_missing_archive(client, witness):
    archive = BackupArchive.objects.create(name="a.tar.gz", series="a", size=1, taken_at=timezone.now())
    archive.path.write_bytes(b"a")
    client.force_login(make_user())
    block(witness)
    answer = client.get(reverse("backups:archive-download", args=[archive.pk]))
    assert answer.status_code == 503
    assert "directory" in answer.text
    assert b"".join(answer) != b"a"
