from __future__ import annotations

import json
import os
import stat

import pytest
from cryptography.fernet import InvalidToken

from oobsite.keys import (
    FIELD_KEYS_NAME,
    RECOVERY_NAME,
    SECRET_KEY_NAME,
    TRAVELLING,
    collect_keys,
    create_field_keys,
    create_recovery_key,
    create_secret_key,
    load_recovery_key,
    parse_keys,
    read_field_keys,
    renew_recovery_key,
    unwrap,
    write_field_keys,
)


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    ("create", "name"), [(create_secret_key, SECRET_KEY_NAME), (create_field_keys, FIELD_KEYS_NAME)]
)
def test_a_key_is_made_once_whole_and_ours_alone(create, name, tmp_path):
    create(tmp_path)
    key = (tmp_path / name).read_text()
    assert len(key) >= 44
    create(tmp_path)
    assert (tmp_path / name).read_text() == key
    assert mode_of(tmp_path / name) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_two_installations_have_different_keys(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        create_secret_key(tmp_path / name)
        create_field_keys(tmp_path / name)
    assert json.loads(collect_keys(tmp_path / "a")) != json.loads(collect_keys(tmp_path / "b"))


def test_keys_belong_to_the_owner_of_their_folder(tmp_path):
    """root rotates keys that the web service, another user, must read."""
    if os.geteuid() == 0:
        os.chown(tmp_path, 64_991, 64_991)
    create_field_keys(tmp_path)
    write_field_keys(tmp_path / FIELD_KEYS_NAME, ["a", "b"])
    status = (tmp_path / FIELD_KEYS_NAME).stat()
    assert (status.st_uid, status.st_gid) == (tmp_path.stat().st_uid, tmp_path.stat().st_gid)
    assert mode_of(tmp_path / FIELD_KEYS_NAME) == 0o600
    assert read_field_keys(tmp_path / FIELD_KEYS_NAME) == ["a", "b"]


def test_every_key_in_the_data_folder_travels_and_nothing_else_is_taken(tmp_path):
    create_secret_key(tmp_path)
    create_field_keys(tmp_path)
    keys = parse_keys(collect_keys(tmp_path))
    assert set(keys) == {SECRET_KEY_NAME, FIELD_KEYS_NAME} == set(TRAVELLING)
    assert keys[FIELD_KEYS_NAME] == (tmp_path / FIELD_KEYS_NAME).read_text()
    assert parse_keys(json.dumps({SECRET_KEY_NAME: "a", "../evil": "b"}).encode()) == {SECRET_KEY_NAME: "a"}


def test_keys_without_the_secret_key_are_refused(tmp_path):
    with pytest.raises(ValueError, match=SECRET_KEY_NAME):
        parse_keys(b"{}")
    create_field_keys(tmp_path)
    with pytest.raises(FileNotFoundError):
        collect_keys(tmp_path)


def test_the_passphrase_is_made_once_and_kept_nowhere(tmp_path):
    passphrase = create_recovery_key(tmp_path)
    assert create_recovery_key(tmp_path) is None
    assert passphrase not in (tmp_path / RECOVERY_NAME).read_text()
    assert mode_of(tmp_path / RECOVERY_NAME) == 0o600


def test_the_passphrase_can_be_read_from_paper(tmp_path):
    passphrase = create_recovery_key(tmp_path)
    assert [len(group) for group in passphrase.split("-")] == [5] * 5
    assert not set(passphrase) & set("il1o0")


def test_a_renewed_passphrase_opens_what_is_wrapped_from_now_on(tmp_path):
    old = create_recovery_key(tmp_path)
    before = load_recovery_key(tmp_path).wrap(b"old keys")
    new = renew_recovery_key(tmp_path)
    after = load_recovery_key(tmp_path).wrap(b"new keys")
    assert (unwrap(before, old), unwrap(after, new)) == (b"old keys", b"new keys")
    with pytest.raises(InvalidToken):
        unwrap(after, old)


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
