from __future__ import annotations

import json
import stat

import pytest
from cryptography.fernet import InvalidToken

from oobsite.errors import SettingError
from oobsite.keys import (
    RECOVERY_NAME,
    SECRET_KEY_NAME,
    create_recovery_key,
    load_recovery_key,
    load_secret_key,
    unwrap,
)


def test_the_secret_key_is_made_once_and_is_ours_alone(tmp_path):
    key = load_secret_key(tmp_path / "new" / "data")
    assert len(key) >= 50
    assert load_secret_key(tmp_path / "new" / "data") == key
    assert stat.S_IMODE((tmp_path / "new" / "data" / SECRET_KEY_NAME).stat().st_mode) == 0o600


def test_two_installations_have_different_keys(tmp_path):
    assert load_secret_key(tmp_path / "a") != load_secret_key(tmp_path / "b")


def test_a_data_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingError, match="OOB_DATA_DIR"):
        load_secret_key(tmp_path / "file" / "data")


def test_the_passphrase_is_made_once_and_kept_nowhere(tmp_path):
    passphrase = create_recovery_key(tmp_path)
    assert create_recovery_key(tmp_path) is None
    assert passphrase not in (tmp_path / RECOVERY_NAME).read_text()
    assert stat.S_IMODE((tmp_path / RECOVERY_NAME).stat().st_mode) == 0o600


def test_the_passphrase_can_be_read_from_paper(tmp_path):
    passphrase = create_recovery_key(tmp_path)
    assert [len(group) for group in passphrase.split("-")] == [5] * 5
    assert not set(passphrase) & set("il1o0")


def test_what_was_wrapped_opens_with_the_passphrase_alone(tmp_path):
    passphrase = create_recovery_key(tmp_path)
    wrapped = load_recovery_key(tmp_path).wrap(b"keys")
    (tmp_path / RECOVERY_NAME).unlink()
    assert unwrap(wrapped, passphrase) == b"keys"


def test_another_passphrase_opens_nothing(tmp_path):
    create_recovery_key(tmp_path)
    wrapped = load_recovery_key(tmp_path).wrap(b"keys")
    with pytest.raises(InvalidToken):
        unwrap(wrapped, "abcde-abcde-abcde-abcde-abcde")


def test_the_key_that_lies_on_the_server_does_not_stand_in_what_was_wrapped(tmp_path):
    create_recovery_key(tmp_path)
    key = json.loads((tmp_path / RECOVERY_NAME).read_text())["key"]
    assert key.encode() not in load_recovery_key(tmp_path).wrap(b"keys")


def test_a_changed_byte_opens_nothing(tmp_path):
    passphrase = create_recovery_key(tmp_path)
    parts = json.loads(load_recovery_key(tmp_path).wrap(b"keys"))
    token = parts["token"]
    parts["token"] = token[:40] + ("A" if token[40] != "A" else "B") + token[41:]
    with pytest.raises(InvalidToken):
        unwrap(json.dumps(parts).encode(), passphrase)
