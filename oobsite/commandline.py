"""The command line speaks the language of the installation: argparse and Django know their own sentences in English."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from textwrap import fill
from typing import Any, NoReturn

from django.core.management import ManagementUtility, get_commands
from django.core.management.base import BaseCommand, CommandParser, DjangoHelpFormatter, SystemCheckError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oobsite.errors import EXIT_FAILED, EXIT_USAGE

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


#: Where our own commands lie; Django's stand in no help.
_OURS = ("backups", "certs", "oobsite", "selfservice")


def end_call(text: str, exit_code: int = EXIT_USAGE, *, code: str = "call") -> NoReturn:
    """End before a command has begun: with ``--json`` by the object that every error is, else in words."""
    if is_json_asked():
        print(json.dumps({"ok": False, "error": code, "text": text}, ensure_ascii=False))
    else:
        print(text, file=sys.stderr)
    sys.exit(exit_code)


def is_json_asked() -> bool:
    """As it stands on the command line, of which nothing may be understood."""
    return "--json" in sys.argv[1:]


class CommandLine(ManagementUtility):
    """Django's own, except for its help and for what it says of a command that is not there."""

    def main_help_text(self, commands_only: bool = False) -> str:
        """All commands of ours, each with what it does; the bare names of all are for completion."""
        if commands_only:
            return super().main_help_text(commands_only)
        names = sorted(name for name, app in get_commands().items() if app.partition(".")[0] in _OURS)
        usage = gettext("Call: %(program)s COMMAND … The call of one command: `%(program)s help COMMAND`.")
        heading = [usage % {"program": self.prog_name}, "", gettext("Commands:")]
        return "\n".join([*heading, *(self._describe(name) for name in names)])

    def _describe(self, name: str) -> str:
        text = str(self.fetch_command(name).help)
        return fill(text, 100, initial_indent=f"  {name:<16} ", subsequent_indent=" " * 19)

    def fetch_command(self, subcommand: str) -> BaseCommand:
        argparse._ = _translate  # type: ignore[attr-defined] # it has no other place for another language
        known = get_commands()
        if subcommand in known:
            return super().fetch_command(subcommand)
        alike = get_close_matches(subcommand, known, n=1)
        text = _("There is no command “%(name)s”. `%(program)s help` lists all.")
        if alike:
            text = _("There is no command “%(name)s”. Did you mean “%(alike)s”? `%(program)s help` lists all.")
        end_call(text % {"name": subcommand, "program": self.prog_name, "alike": "".join(alike)})


def _translate(text: str) -> str:
    return str(_WORDS.get(text, text))


class PlainHelp(BaseCommand):
    """A command whose help speaks of its own options alone; Django's are there, and told to nobody."""

    help: Any = ""  # a lazy text, translated when it is shown

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        self.help = str(self.help)  # argparse takes no lazy text
        parser = super().create_parser(prog_name, subcommand, formatter_class=_PlainFormatter, **kwargs)
        if parser.called_from_command_line and is_json_asked():
            parser.error = lambda message: end_call(message)  # type: ignore[method-assign] # Django makes the parser
        return parser

    def check(self, *args: Any, **kwargs: Any) -> None:
        """What makes every backup worthless ends a command before it has begun."""
        try:
            super().check(*args, **kwargs)
        except SystemCheckError as error:
            if not (getattr(self, "_called_from_command_line", False) and is_json_asked()):
                raise
            end_call(str(error), EXIT_FAILED, code="check")


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
