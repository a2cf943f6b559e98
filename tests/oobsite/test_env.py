"""A wrong value in the environment ends the start with a sentence, never with a guess."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import time
from pathlib import Path

import pytest

from oobsite.env import Environment
from oobsite.errors import SettingError

ROOT = Path(__file__).parents[2]


def env(**values):
    return Environment({"OOB_LANGUAGE": "en", **values})


@pytest.mark.parametrize(("value", "expected"), [("x", "x"), ("  x ", "x"), ("", "default"), ("   ", "default")])
def test_text_has_no_blanks_around_it_and_empty_is_absent(value, expected):
    assert env(A=value).text("A", "default") == expected


def test_a_secret_is_taken_as_it_is():
    assert env(A=" ge heim ").secret("A") == " ge heim "
    assert env().secret("A", "default") == "default"


def test_a_secret_may_lie_in_a_file(tmp_path):
    (tmp_path / "secret").write_text(" geheim\n")
    assert env(A_FILE=str(tmp_path / "secret")).secret("A") == " geheim"


def test_a_secret_in_two_places_is_refused(tmp_path):
    (tmp_path / "secret").write_text("x")
    with pytest.raises(SettingError, match="Both A and A_FILE"):
        env(A="y", A_FILE=str(tmp_path / "secret")).secret("A")


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_secret_file_that_cannot_be_read_is_named(tmp_path, content):
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    with pytest.raises(SettingError, match=r"A_FILE names the file .*secret"):
        env(A_FILE=str(tmp_path / "secret")).secret("A")


def test_a_wrong_secret_is_never_printed(tmp_path):
    (tmp_path / "secret").write_text("from the file")
    with pytest.raises(SettingError) as caught:
        env(A="from the variable", A_FILE=str(tmp_path / "secret")).secret("A")
    assert "from the" not in str(caught.value)


@pytest.mark.parametrize(("value", "expected"), [("1", 1), (" 10 ", 10), ("007", 7), ("", 5)])
def test_a_number_is_a_number(value, expected):
    assert env(A=value).number("A", 5, minimum=1, maximum=10) == expected


@pytest.mark.parametrize("value", ["0", "11", "-1", "1.5", "1e1", "ten", "٣", "²", "1_0", "0x1", "9" * 30])
def test_any_other_number_is_refused(value):
    with pytest.raises(SettingError, match="from 1 to 10"):
        env(A=value).number("A", 5, minimum=1, maximum=10)


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("YES", True), ("on", True), ("False", False)])
def test_a_flag_knows_the_usual_spellings(value, expected):
    assert env(A=value).flag("A", True) is expected


@pytest.mark.parametrize("value", ["maybe", "ja", "2", "yes no"])
def test_any_other_flag_is_refused(value):
    with pytest.raises(SettingError, match="yes or no"):
        env(A=value).flag("A", False)


def test_a_folder_is_an_absolute_path():
    assert env(A="/backup").folder("A", Path("/x")) == Path("/backup")
    assert env().folder("A", Path("/x")) == Path("/x")
    with pytest.raises(SettingError, match="absolute path"):
        env(A="backup").folder("A", Path("/x"))


def test_a_choice_is_one_of_the_words():
    assert env(A="de").choice("A", "en", ("de", "en")) == "de"
    with pytest.raises(SettingError, match="one of: de, en"):
        env(A="fr").choice("A", "en", ("de", "en"))


@pytest.mark.parametrize("value", ["Europe/Zürich", "MEZ", "../etc/passwd", "/etc/localtime", "Europe"])
def test_a_time_zone_that_does_not_exist_is_refused(value):
    with pytest.raises(SettingError, match="Europe/Zurich"):
        env(A=value).time_zone("A", "UTC")


@pytest.mark.parametrize("value", ["https://oobsite.nuno", "http://localhost:8000", "https://oobsite.nuno/"])
def test_an_address_has_no_path(value):
    assert env(A=value).url("A", "") == value.rstrip("/")


@pytest.mark.parametrize("value", ["oobsite.nuno", "ftp://x", "https://", "https://x/path", "//x"])
def test_any_other_address_is_refused(value):
    with pytest.raises(SettingError, match=r"https://oobsite\.nuno"):
        env(A=value).url("A", "http://localhost")


@pytest.mark.parametrize(
    "values",
    [
        {"DBPORT": "99999"},
        {"OOB_KEEP_GENERATIONS": "0"},
        {"OOB_BACKUP_DIR": "backup"},
        {"OOB_LANGUAGE": "klingon"},
        {"OOB_TIME_ZONE": "Mars/Olympus"},
        {"OOB_URL": "oobsite"},
        {"OOB_DEBUG": "perhaps"},
        {"OOB_DATABASE_URL": "nonsense://x"},
        {"DBPWD_FILE": "/nonexistent"},
        {"OOB_DATA_DIR": "/proc/nowhere"},
    ],
)
def test_a_wrong_value_ends_the_start_with_one_sentence(tmp_path, values):
    command = [sys.executable, "manage.py", "check"]
    environment = {**os.environ, "OOB_DATA_DIR": str(tmp_path), **values}
    answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert answer.returncode != 0
    assert "Traceback" not in answer.stderr
    assert next(iter(values)) in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1


def test_proxies_are_addresses_and_networks():
    found = env(A=" 172.18.0.0/16, ::1 ,").proxies("A", "https://oobsite.nuno")
    assert [str(network) for network in found] == ["172.18.0.0/16", "::1/128"]
    assert env().proxies("A", "http://oobsite.nuno") == []


@pytest.mark.parametrize("value", ["traefik", "172.18.0.1/16", "300.1.1.1"])
def test_what_is_no_network_is_refused(value):
    with pytest.raises(SettingError, match="no address and no network"):
        env(A=value).proxies("A", "http://oobsite.nuno")


def test_https_needs_a_proxy():
    with pytest.raises(SettingError, match="names no proxy"):
        env().proxies("A", "https://oobsite.nuno")


def test_names_are_divided_by_commas_and_stand_once():
    assert env(A=" elx_pacs, elx_webelexis,,elx_pacs ").names("A") == ["elx_pacs", "elx_webelexis"]
    assert env().names("A") == []


def test_a_command_is_split_as_a_shell_would_and_runs_in_none():
    assert env(A="docker start 'elx elexisdb'").command("A") == ["docker", "start", "elx elexisdb"]
    assert env().command("A") == []
    with pytest.raises(SettingError, match="quotation"):
        env(A="docker 'start").command("A")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", (time(1), time(5))),
        ("22:30-04:00", (time(22, 30), time(4))),
        ("01:00 – 02:00", (time(1), time(2))),
        ("off", None),
        ("OFF", None),
    ],
)
def test_hours_are_two_times_or_off(value, expected):
    assert env(A=value).window("A", "01:00-05:00") == expected


@pytest.mark.parametrize("value", ["1-5", "01:00", "01:00-01:00", "24:00-05:00", "01:60-05:00", "nights"])
def test_hours_that_are_none_are_refused(value):
    with pytest.raises(SettingError, match="two times such as 01:00-05:00"):
        env(A=value).window("A", "01:00-05:00")
