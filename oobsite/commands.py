"""What all commands share: --json, sentences instead of traces, exit codes, a clean end at Ctrl-C and SIGTERM."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation
from django.utils.translation import gettext as _

from backups.messages import error_sentence, sentence
from oobsite.errors import EXIT_INTERRUPTED, OobError

_ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class OobCommand(BaseCommand):
    """Subclasses implement ``carry_out``: it prints for people or returns what --json prints.

    One that ``ends_gently`` looks at ``interrupted`` itself, for an exception that a signal raises is lost in the
    callbacks of a C library; only a second signal ends it at once.
    """

    ends_gently = False

    requires_migrations_checks = True
    help: Any = ""  # a lazy text, translated when it is shown

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        self.help = str(self.help)  # argparse takes no lazy text
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help=_("print one JSON object instead of text"))

    def handle(self, *args: Any, **options: Any) -> None:
        self.interrupted = threading.Event()
        with _signals_to(self._interrupt), translation.override(settings.LANGUAGE_CODE):
            try:
                content, exit_code = self.carry_out(options)
            except OobError as error:
                self._end({"ok": False, "error": error.code, "text": error_sentence(error)}, error.exit_code, options)
            except KeyboardInterrupt:
                text = sentence("cancelled", {})
                self._end({"ok": False, "error": "cancelled", "text": text}, EXIT_INTERRUPTED, options)
            else:
                self._end(content, exit_code, options)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        if not self.ends_gently or self.interrupted.is_set():
            raise KeyboardInterrupt
        self.interrupted.set()

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """Do the work; return the JSON object and the exit code."""
        raise AssertionError("a command implements carry_out")

    def _end(self, content: dict[str, Any], exit_code: int, options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(content, ensure_ascii=False, default=str))
        elif content.get("text"):
            self.stderr.write(content["text"])
        if exit_code:
            sys.exit(exit_code)

    def say(self, options: dict[str, Any], line: str) -> None:
        """Print a line for people; with --json nothing but the object is printed."""
        if not options["json"]:
            self.stdout.write(line)


@contextmanager
def _signals_to(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Let ``handler`` have the signals that ask for the end; those that are ignored, as by nohup, stay so."""
    if threading.current_thread() is not threading.main_thread():  # no other one may set them
        yield
        return
    before = {number: signal.getsignal(number) for number in _ENDING_SIGNALS}
    asked = [number for number in _ENDING_SIGNALS if before[number] != signal.SIG_IGN]
    for number in asked:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in asked:
            signal.signal(number, before[number])
