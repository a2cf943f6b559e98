"""How a command ends when a signal asks for it."""

from __future__ import annotations

import os
import signal

import pytest
from calling import call_json

from oobsite.commands import OobCommand

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def run(command, number):
    """Run a command that gets a signal as soon as it works; returns exit code and answer."""
    command.number, command.requires_migrations_checks = number, False
    return call_json(command)


class Hasty(OobCommand):
    is_recorded = needs_tables = False

    def carry_out(self, options):
        os.kill(os.getpid(), self.number)
        return {"ok": True}, 0


class Gentle(OobCommand):
    ends_gently, is_recorded, needs_tables = True, False, False
    signals = 1

    def carry_out(self, options):
        for _ in range(self.signals):
            os.kill(os.getpid(), self.number)
        return {"ok": True, "interrupted": self.interrupted.is_set()}, 0


class Pressed(Gentle):
    signals = 2


@pytest.mark.parametrize("number", SIGNALS)
def test_a_short_command_ends_at_once(number):
    code, answer = run(Hasty(), number)
    assert (code, answer["error"]) == (5, "cancelled")


@pytest.mark.parametrize("number", SIGNALS)
def test_a_long_command_is_told_and_ends_itself(number):
    assert run(Gentle(), number) == (0, {"ok": True, "interrupted": True})


@pytest.mark.parametrize("number", SIGNALS)
def test_a_second_signal_ends_a_long_command_at_once(number):
    code, answer = run(Pressed(), number)
    assert (code, answer["error"]) == (5, "cancelled")


def test_what_is_ignored_stays_ignored_and_all_is_as_before_at_the_end():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert run(Hasty(), signal.SIGHUP) == (0, {"ok": True})
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
