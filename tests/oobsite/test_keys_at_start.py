"""A start makes keys on an empty installation, and is refused beside a database whose key is gone."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from demo.server import PracticeServer, short_folder
from oobsite.errors import SettingError
from oobsite.keys import FIELD_KEYS_NAME, SECRET_KEY_NAME
from oobsite.startkeys import load_keys

ROOT = Path(__file__).parents[2]
TOKEN = Fernet(Fernet.generate_key()).encrypt(b"secret").decode()


def load(folder: Path, database: dict[str, object] | None = None) -> str:
    sqlite = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "oobsite.sqlite3")}
    return load_keys(folder, database or sqlite, str)


def make_database(folder: Path, value: str = "") -> None:
    folder.mkdir(exist_ok=True)
    with contextlib.closing(sqlite3.connect(folder / "oobsite.sqlite3")) as conn, conn:
        conn.execute("CREATE TABLE django_migrations (id INTEGER, name TEXT)")
        conn.execute("CREATE TABLE mfa_authenticator (id INTEGER, data TEXT)")
        conn.execute("INSERT INTO mfa_authenticator VALUES (1, ?)", [value])


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_first_start_makes_folder_and_keys(tmp_path):
    folder = tmp_path / "new" / "data"
    assert load(folder) == load(folder) == (folder / SECRET_KEY_NAME).read_text()
    assert sorted(files_of(folder)) == [FIELD_KEYS_NAME, SECRET_KEY_NAME]


def test_a_data_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingError, match="OOB_DATA_DIR"):
        load(tmp_path / "file" / "data")


@pytest.mark.parametrize("value", [TOKEN, f'{{"secret": "{TOKEN}"}}', ""], ids=["token", "json", "empty"])
def test_a_database_without_the_secret_key_refuses_the_start(value, tmp_path):
    load(tmp_path)
    make_database(tmp_path, value)
    (tmp_path / SECRET_KEY_NAME).unlink()
    before = files_of(tmp_path)
    with pytest.raises(SettingError, match=r"secret\.key.*restoreself"):
        load(tmp_path)
    assert files_of(tmp_path) == before


@pytest.mark.parametrize("value", [TOKEN, f'{{"secret": "{TOKEN}"}}'], ids=["token", "json"])
def test_secrets_without_the_field_keys_refuse_the_start(value, tmp_path):
    load(tmp_path)
    make_database(tmp_path, value)
    (tmp_path / FIELD_KEYS_NAME).unlink()
    before = files_of(tmp_path)
    with pytest.raises(SettingError, match=r"field\.keys.*restoreself"):
        load(tmp_path)
    assert files_of(tmp_path) == before


def test_an_installation_older_than_the_field_keys_comes_up(tmp_path):
    key = load(tmp_path)
    make_database(tmp_path, "gives no secret")
    (tmp_path / FIELD_KEYS_NAME).unlink()
    assert load(tmp_path) == key
    assert (tmp_path / FIELD_KEYS_NAME).exists()


@pytest.mark.parametrize("name", [FIELD_KEYS_NAME, SECRET_KEY_NAME])
def test_an_empty_key_file_refuses_the_start(name, tmp_path):
    load(tmp_path)
    (tmp_path / name).write_text("")
    with pytest.raises(SettingError, match=name):
        load(tmp_path)


def test_a_database_file_that_is_none_refuses_the_start(tmp_path):
    (tmp_path / "oobsite.sqlite3").write_bytes(b"something else " * 100)
    with pytest.raises(SettingError, match="cannot be told"):
        load(tmp_path)
    assert sorted(files_of(tmp_path)) == ["oobsite.sqlite3"]


def test_a_server_that_does_not_answer_refuses_the_start_and_its_password_stays_out_of_it(tmp_path):
    database = {"ENGINE": "django.db.backends.mysql", "NAME": "oob", "HOST": "/nonexistent/s", "PASSWORD": "hid-den"}
    with pytest.raises(SettingError, match="cannot be told") as caught:
        load(tmp_path, database)
    assert "hid-den" not in str(caught.value)
    assert not files_of(tmp_path)


def test_a_mariadb_with_secrets_refuses_the_start(tmp_path):
    with (
        short_folder("oobk-") as folder,
        PracticeServer(folder, datadir=folder / "mnt" / "elexisdb") as server,
        contextlib.closing(server.connect()) as conn,
    ):
        conn.query("CREATE DATABASE oob")
        engine = {"ENGINE": "django.db.backends.mysql", "NAME": "oob", "HOST": str(server.socket), "USER": "root"}
        load(tmp_path, engine)
        conn.query("CREATE TABLE oob.mfa_authenticator (id INTEGER, data LONGTEXT)")
        (tmp_path / FIELD_KEYS_NAME).unlink()
        load(tmp_path, engine)
        conn.cursor().execute("INSERT INTO oob.mfa_authenticator VALUES (1, %s)", [f'{{"secret": "{TOKEN}"}}'])
        for name in (FIELD_KEYS_NAME, SECRET_KEY_NAME):
            (tmp_path / name).unlink()
            with pytest.raises(SettingError, match=r"restoreself"):
                load(tmp_path, engine)


def test_processes_that_start_at_once_agree_on_the_keys(tmp_path):
    code = (
        "import sys; from pathlib import Path; from oobsite.startkeys import load_keys; folder = Path(sys.argv[1]); "
        "database = {'ENGINE': 'django.db.backends.sqlite3', 'NAME': folder / 'none'}; "
        "print(load_keys(folder, database, str), (folder / 'field.keys').read_text())"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "data")]
    children = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(5)]
    outputs = {child.communicate()[0] for child in children}
    assert len(outputs) == 1
    assert len(outputs.pop().split()) == 2
