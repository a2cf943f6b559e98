"""What is kept for some hours is measured by the time in which the machine runs, whatever its clock shows."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
import time_machine

from backups.domain.uptime import Uptime, count_ages, read_uptime, seconds_between

HOUR = 3600.0


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ages.json"


def test_a_clock_that_jumps_does_not_change_it():
    before = read_uptime()
    with time_machine.travel(time.time() + timedelta(days=365).total_seconds()):
        ahead = read_uptime()
    with time_machine.travel(0):
        behind = read_uptime()
    assert 0 <= seconds_between(before, ahead) < 60
    assert 0 <= seconds_between(ahead, behind) < 60


def test_ages_grow_while_the_machine_runs(path):
    count_ages(path, Uptime("first", 10.0), ["a"])
    assert count_ages(path, Uptime("first", 10.0 + HOUR), ["b"]) == {"a": HOUR, "b": 0.0}
    assert count_ages(path, Uptime("first", 10.0 + 2 * HOUR)) == {"a": 2 * HOUR, "b": HOUR}


def test_a_machine_that_was_off_has_not_run(path):
    count_ages(path, Uptime("first", 50 * HOUR), ["a"])
    count_ages(path, Uptime("first", 51 * HOUR))
    assert count_ages(path, Uptime("second", 60.0)) == {"a": HOUR}
    assert count_ages(path, Uptime("second", 120.0)) == {"a": HOUR + 60.0}


def test_a_start_that_another_machine_counts_from_ages_nothing(path):
    """A container of LXC names each start of its own and counts from the host's; a new server runs for months."""
    count_ages(path, Uptime("first", 100 * HOUR), ["a"])
    assert count_ages(path, Uptime("second", 100 * HOUR + 60.0)) == {"a": 0.0}
    assert count_ages(path, Uptime("second", 101 * HOUR)) == {"a": HOUR - 60.0}


def test_where_the_kernel_names_no_start_it_goes_on_behind_a_new_one(path, tmp_path, monkeypatch):
    monkeypatch.setattr("backups.domain.uptime._BOOT_ID", tmp_path / "missing")
    assert read_uptime().boot == ""
    count_ages(path, Uptime("", 5 * HOUR), ["a"])
    assert count_ages(path, Uptime("", 60.0)) == {"a": 0.0}
    assert count_ages(path, Uptime("", 120.0)) == {"a": 60.0}


def test_what_is_not_named_any_more_begins_anew(path):
    count_ages(path, Uptime("first", 0.0), ["a", "b"])
    assert count_ages(path, Uptime("first", HOUR), ["b"], forgets=True) == {"b": HOUR}
    assert count_ages(path, Uptime("first", 2 * HOUR), ["a"]) == {"a": 0.0, "b": 2 * HOUR}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"boot": "first"}', '{"boot": 1, "seconds": 2, "ages": [3]}', "\x00"])
def test_a_damaged_file_lets_all_begin_anew(path, text):
    path.write_text(text)
    assert count_ages(path, Uptime("first", HOUR), ["a"]) == {"a": 0.0}


def test_nobody_else_reads_what_it_writes(path):
    count_ages(path, read_uptime(), ["a"])
    assert path.stat().st_mode & 0o007 == 0
    assert list(path.parent.iterdir()) == [path]
