from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from oobsite.keys import load_recovery_key, unwrap


@pytest.fixture(autouse=True)
def data_dir(db, settings, tmp_path):
    settings.OOB_DATA_DIR = tmp_path
    return tmp_path


def answer(capsys) -> dict[str, object]:
    return json.loads(capsys.readouterr().out)


def test_it_says_whether_there_is_one_and_never_shows_it_again(capsys):
    call_command("recoverykey", "--json")
    assert answer(capsys) == {"ok": True, "exists": False}
    call_command("recoverykey", "--renew", "--json")
    passphrase = answer(capsys)["passphrase"]
    call_command("recoverykey")
    text = capsys.readouterr().out
    assert passphrase not in text
    assert "--renew" in text


def test_the_new_one_opens_what_is_backed_up_from_now_on_and_is_not_on_record(capsys, data_dir):
    from oobsite.audit.models import AuditEvent

    call_command("recoverykey", "--renew")
    passphrase = next(line.strip() for line in capsys.readouterr().out.splitlines() if line.count("-") == 4)
    assert unwrap(load_recovery_key(data_dir).wrap(b"keys"), passphrase) == b"keys"
    event = AuditEvent.objects.first()
    assert "recoverykey" in event.changes_json
    assert passphrase not in event.changes_json
