"""The command line speaks the language of the installation: argparse and Django know their own sentences in English."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from django.core.management import ManagementUtility, get_commands
from django.core.management.base import BaseCommand, CommandParser, DjangoHelpFormatter
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oobsite.errors import EXIT_USAGE

#: What argparse says, in words that somebody understands who has mistyped something.
_WORDS = {
    "usage: ": _("Call: "),
    "positional arguments": _("What is named"),
    "options": _("Options"),
    "show this help message and exit": _("show this help"),
    "%(prog)s: error: %(message)s\n": _("%(message)s\nNothing was done. `%(prog)s --help` explains the call.\n"),
    "argument %(argument_name)s: %(message)s": _("%(argument_name)s: %(message)s"),
    "invalid %(type)s value: %(value)r": _("“%(value)s” is not possible here."),
    "invalid choice: %(value)r (choose from %(choices)s)": _("There is no “%(value)s”; there are: %(choices)s."),
    "the following arguments are required: %s": _("Something is missing: %s."),
    "one of the arguments %s is required": _("Something is missing; name one of these: %s."),
    "unrecognized arguments: %s": _("This is not known here: %s."),
    "not allowed with argument %s": _("That does not go together with %s."),
    "ambiguous option: %(option)s could match %(matches)s": _("%(option)s may mean %(matches)s. Write it out."),
    "ignored explicit argument %r": _("Nothing may stand behind it: %r."),
    "expected one argument": _("Its value is missing."),
    "expected at most one argument": _("One value at most may stand here."),
    "expected at least one argument": _("Its value is missing."),
}


class CommandLine(ManagementUtility):
    """Django's own, except for what it says of a command that is not there."""

    def fetch_command(self, subcommand: str) -> BaseCommand:
        argparse._ = _translate  # type: ignore[attr-defined] # it has no other place for another language
        known = get_commands()
        if subcommand in known:
            return super().fetch_command(subcommand)
        alike = get_close_matches(subcommand, known, n=1)
        text = _("There is no command “%(name)s”. `%(program)s help` lists all.")
        if alike:
            text = _("There is no command “%(name)s”. Did you mean “%(alike)s”? `%(program)s help` lists all.")
        print(text % {"name": subcommand, "program": self.prog_name, "alike": "".join(alike)}, file=sys.stderr)
        sys.exit(EXIT_USAGE)


def _translate(text: str) -> str:
    return str(_WORDS.get(text, text))


class PlainHelp(BaseCommand):
    """A command whose help speaks of its own options alone; Django's are there, and told to nobody."""

    help: Any = ""  # a lazy text, translated when it is shown

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        self.help = str(self.help)  # argparse takes no lazy text
        return super().create_parser(prog_name, subcommand, formatter_class=_PlainFormatter, **kwargs)


class _PlainFormatter(DjangoHelpFormatter):
    def add_usage(self, usage: str | None, actions: Iterable[argparse.Action], *args: Any, **kwargs: Any) -> None:
        super().add_usage(usage, self._without_django(actions), *args, **kwargs)

    def add_arguments(self, actions: Iterable[argparse.Action]) -> None:
        super().add_arguments(self._without_django(actions))

    def _without_django(self, actions: Iterable[argparse.Action]) -> list[argparse.Action]:
        return [action for action in actions if not self.show_last.intersection(action.option_strings)]


def one_or_more(text: str) -> int:
    """The type of an option that counts something."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(gettext("“%(text)s” is no whole number from 1 on.") % {"text": text})
    return int(text)
