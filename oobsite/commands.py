"""What all commands share: --json, sentences instead of traces, exit codes, a clean end at Ctrl-C and SIGTERM."""

from __future__ import annotations

import json
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import connection
from django.utils import translation
from django.utils.translation import gettext as _

from backups.messages import error_sentence, sentence
from oobsite.accounts.actors import system_actor
from oobsite.audit.services import record
from oobsite.commandline import PlainHelp
from oobsite.errors import EXIT_INTERRUPTED, OobError

_DJANGO_OPTIONS = {"verbosity", "settings", "pythonpath", "traceback", "no_color", "force_color", "skip_checks", "json"}
_OBEYED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n|$)")
_ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(eq=False)
class NotPreparedError(OobError):
    """There are no tables: ``prepare`` was never run here, or this is the wrong folder."""

    folder: Path


class OobCommand(PlainHelp):
    """Subclasses implement ``carry_out``: it prints for people or returns what --json prints.

    One that ``ends_gently`` looks at ``interrupted`` itself, for an exception that a signal raises is lost in the
    callbacks of a C library; only a second signal ends it at once.
    """

    ends_gently = False
    is_recorded = True  # False for commands that only look

    needs_tables = True  # False for the command that brings them
    requires_migrations_checks = True
    help: Any = ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help=_("print one JSON object instead of text"))

    def check_migrations(self) -> None:
        """Where nothing is prepared, ``handle`` says so."""
        if is_prepared():
            super().check_migrations()

    def handle(self, *args: Any, **options: Any) -> None:
        self.interrupted = threading.Event()
        self.said: set[str] = set()  # errors of a run were said as it met them
        self.actor = system_actor()
        with _signals_to(self._interrupt), translation.override(settings.LANGUAGE_CODE):
            try:
                if self.needs_tables and not is_prepared():
                    raise NotPreparedError(settings.OOB_DATA_DIR)
                if self.is_recorded:
                    self._record(options)
                content, exit_code = self.carry_out(options)
            except OobError as error:
                self._end({"ok": False, "error": error.code, "text": error_sentence(error)}, error.exit_code, options)
            except CommandError as error:
                self._end({"ok": False, "error": "call", "text": str(error)}, error.returncode, options)
            except KeyboardInterrupt:
                text = sentence("cancelled", {})
                self._end({"ok": False, "error": "cancelled", "text": text}, EXIT_INTERRUPTED, options)
            else:
                self._end(content, exit_code, options)

    def _record(self, options: dict[str, Any]) -> None:
        """Say as whom the command acts, and put it on record with what was asked for."""
        self.say(options, _("Acting as the system user %(name)s.") % {"name": self.actor.name})
        asked = {name: value for name, value in options.items() if value and name not in _DJANGO_OPTIONS}
        record(self.actor, "command.run", None, {"command": type(self).__module__.rpartition(".")[2], **asked})

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        if not self.ends_gently or self.interrupted.is_set():
            raise KeyboardInterrupt
        self.interrupted.set()

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """Do the work; return the JSON object and the exit code."""
        raise AssertionError("a command implements carry_out")

    def _end(self, content: dict[str, Any], exit_code: int, options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(content, ensure_ascii=False, default=_plain))
        elif content.get("text") and content["text"] not in self.said:
            self.stderr.write(printable(content["text"]))
        if exit_code:
            sys.exit(exit_code)

    def say(self, options: dict[str, Any], line: str) -> None:
        """Print a line for people; with --json nothing but the object is printed."""
        if not options["json"]:
            self.stdout.write(printable(line))


def _plain(value: object) -> str:
    """What JSON does not know: moments as ISO 8601 with a ``T``, which every reader takes."""
    return value.isoformat() if isinstance(value, date) else str(value)


def printable(text: str) -> str:
    """Names and contents of files may hold signs that a terminal obeys; it gets their numbers instead."""
    return _OBEYED.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def is_prepared() -> bool:
    """Whether the database has tables; asking makes no file."""
    is_file = connection.vendor == "sqlite" and not connection.is_in_memory_db()  # type: ignore[attr-defined] # of SQLite
    if is_file and not Path(connection.settings_dict["NAME"]).exists():
        return False
    return "django_migrations" in connection.introspection.table_names()


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
