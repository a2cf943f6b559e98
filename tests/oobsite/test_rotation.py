"""A new key for everything that is encrypted; at every moment each row is read by a key of the file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.apps import apps
from django.core.management import call_command
from secretmodel import Safe, safes, stored  # noqa: F401 - a fixture

from backups.domain.errors import BusyError
from backups.domain.lock import make_holder, run_lock
from oobsite import crypto, rotation
from oobsite.accounts.actors import system_actor
from oobsite.accounts.models import User
from oobsite.keys import FIELD_KEYS_NAME, make_field_key, read_field_keys, write_field_keys

ROOT = Path(__file__).parents[2]


@pytest.fixture
def known_safes(safes, monkeypatch, settings, tmp_path):  # noqa: F811
    """Our model is among those that are asked for; returns the key file."""
    found = [*apps.get_models(include_auto_created=True), Safe]
    monkeypatch.setattr(rotation.apps, "get_models", lambda **_options: found)
    settings.OOB_BACKUP_DIR = tmp_path
    return safes


def rotate(**options) -> rotation.Rotation:
    return rotation.rotate_keys(system_actor(), wait_seconds=0, **options)


def add_second_factors() -> Authenticator:
    user = User.objects.create(username="owner")
    data = {"seed": crypto.encrypt("seed"), "used_mask": 3, "migrated_codes": [crypto.encrypt("code"), "gAAAAAno"]}
    return Authenticator.objects.create(user=user, type=Authenticator.Type.RECOVERY_CODES, data=data)


def test_everything_gets_the_new_key_and_the_old_one_goes(known_safes):
    Safe.objects.create(combination="secret")
    factors = add_second_factors()
    factors.data["migrated_codes"].pop()
    factors.save()
    (old,) = read_field_keys(known_safes)
    before = stored()

    assert rotate() == rotation.Rotation(done=3, unreadable=0)

    (new,) = read_field_keys(known_safes)
    assert new != old
    assert stored() != before
    assert Fernet(new).decrypt(stored().encode()) == b"secret"
    factors.refresh_from_db()
    assert factors.data["used_mask"] == 3
    assert crypto.decrypt(factors.data["seed"]) == "seed"
    assert crypto.decrypt(factors.data["migrated_codes"][0]) == "code"


def test_the_old_key_still_reads_when_it_is_kept(known_safes):
    old_token = crypto.encrypt("from a form that is open")
    rotate(is_keeping_old=True)
    assert len(read_field_keys(known_safes)) == 2
    assert crypto.decrypt(old_token) == "from a form that is open"


def test_what_no_key_opens_is_said_and_no_key_is_removed(known_safes):
    add_second_factors()
    (old,) = read_field_keys(known_safes)
    result = rotate()
    assert (result.done, result.unreadable) == (2, 1)
    assert old in read_field_keys(known_safes)


def test_what_is_stored_with_the_old_key_meanwhile_is_encrypted_anew(known_safes, monkeypatch):
    (old,) = read_field_keys(known_safes)
    token = Fernet(old).encrypt(b"late").decode()

    def store_late(_seconds: float) -> None:
        from oobsite.fields import Secret

        Safe.objects.create(combination=Secret(token))

    monkeypatch.setattr(rotation.time, "sleep", store_late)
    rotate()
    assert old not in read_field_keys(known_safes)
    assert Safe.objects.get().combination.reveal() == "late"


@pytest.mark.parametrize("moment", ["write_field_keys", "encrypt_anew", "sleep", "second", "last"])
def test_ended_at_any_moment_every_row_is_read_and_the_next_run_ends_it(moment, known_safes, monkeypatch):
    class Killed(BaseException):
        pass

    Safe.objects.create(combination="secret")
    real_write, real_encrypt, calls = write_field_keys, rotation.encrypt_anew, []

    def write(path, keys):
        calls.append("write")
        if moment == "last" and calls.count("write") == 2:
            raise Killed
        real_write(path, keys)
        if moment == "write_field_keys":
            raise Killed

    def encrypt(key):
        calls.append("encrypt")
        if moment == "encrypt_anew" or (moment == "second" and calls.count("encrypt") == 2):
            raise Killed
        return real_encrypt(key)

    def sleep(_seconds):
        if moment == "sleep":
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(rotation, "write_field_keys", write)
        patched.setattr(rotation, "encrypt_anew", encrypt)
        patched.setattr(rotation.time, "sleep", sleep)
        with pytest.raises(Killed):
            rotate()
    assert Safe.objects.get().combination.reveal() == "secret"
    rotate()
    assert len(read_field_keys(known_safes)) == 1
    assert Safe.objects.get().combination.reveal() == "secret"


def test_no_rotation_while_a_job_runs(known_safes, settings):
    from django.utils import timezone

    keys = read_field_keys(known_safes)
    with run_lock(settings.OOB_BACKUP_DIR, make_holder("x", "backup", timezone.now())), pytest.raises(BusyError):
        rotate()
    assert read_field_keys(known_safes) == keys


def test_the_command_says_how_many(known_safes, capsys):
    Safe.objects.create(combination="secret")
    call_command("rotatekeys", "--json", "--wait=0")
    assert json.loads(capsys.readouterr().out) == {"ok": True, "rotated": 1, "unreadable": 0}


def test_a_process_that_runs_reads_and_writes_on_after_the_rotation(tmp_path):
    """It read the key file once; the file is exchanged; it goes on with the new one, without a restart."""
    code = (
        "import sys, django; django.setup(); from oobsite.crypto import decrypt, encrypt\n"
        "for line in sys.stdin: print(decrypt(line.strip()), encrypt('again'), flush=True)"
    )
    old, new = make_field_key(), make_field_key()
    environment = os.environ | {"OOB_DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "oobsite.settings"}
    path = tmp_path / FIELD_KEYS_NAME
    write_field_keys(path, [old])
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:

        def ask(key: str) -> str:
            child.stdin.write(Fernet(key).encrypt(b"text").decode() + "\n")
            child.stdin.flush()
            text, token = child.stdout.readline().split()
            assert text == "text"
            return token

        assert Fernet(old).decrypt(ask(old)) == b"again"
        write_field_keys(path, [new, old])
        assert Fernet(new).decrypt(ask(old)) == b"again"
        write_field_keys(path, [new])
        assert Fernet(new).decrypt(ask(new)) == b"again"
        child.send_signal(signal.SIGTERM)
