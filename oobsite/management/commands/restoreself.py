from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups.messages import notice_sentence
from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE, EXIT_USAGE, EXIT_WARNINGS
from oobsite.selfrestore import SelfRestored, restore_self


class Command(OobCommand):
    help = gettext_lazy(
        "Brings users, settings and keys back from a backup of oobsite, on an empty installation; the newest one, or "
        "the named one."
    )
    is_recorded = False  # the record itself is restored; its last entry then says so
    needs_tables = requires_migrations_checks = False
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name", nargs="?", metavar="ARCHIVE", help=_("the name of its file in the backup folder"))
        parser.add_argument(
            "--passphrase-file", metavar="FILE", help=_("holds the recovery passphrase; without it you are asked")
        )

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        result = restore_self(self.actor, _read_passphrase(options["passphrase_file"]), options["name"])
        text = _("Users, settings and keys are back, as they were in %(name)s. Now restart oobsite.")
        self.say(options, text % {"name": result.archive})
        self.say(options, _("Everybody has to log in again. The recovery passphrase stays the one that you used."))
        notices = _remarks(result)
        for notice in notices:
            self.say(options, f"! {notice}")
        content = {"ok": not notices, "archive": result.archive, "unreadable": result.unreadable, "notices": notices}
        return content, EXIT_WARNINGS if notices else EXIT_DONE


def _remarks(result: SelfRestored) -> list[str]:
    remarks = [notice_sentence(notice) for notice in result.notices]
    if result.unreadable:
        sentence = _("%(count)d secrets in this backup cannot be opened; set them anew.")
        remarks.append(sentence % {"count": result.unreadable})
    return remarks


def _read_passphrase(path: str | None) -> str:
    """From a file or the terminal; never from the command line, which every user of the server can see."""
    if path is not None:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(
                _("The file %(path)s cannot be read.") % {"path": path}, returncode=EXIT_USAGE
            ) from error
    if not sys.stdin.isatty():
        raise CommandError(
            _("Nobody is there to type the recovery passphrase: use --passphrase-file."), returncode=EXIT_USAGE
        )
    try:
        return getpass.getpass(_("Recovery passphrase: "))
    except EOFError as error:
        raise CommandError(
            _("No recovery passphrase was typed. Nothing was changed."), returncode=EXIT_USAGE
        ) from error
