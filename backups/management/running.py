"""How commands do a run: they act as the command line, show what happens, and tell its end by their exit code."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from backups.domain.job import Progress
from backups.messages import human_size, sentence
from backups.models import BackupRun
from backups.services.runs import Recorder
from oobsite import errors
from oobsite.commands import OobCommand

EXIT_CODES = {
    BackupRun.State.DONE: errors.EXIT_DONE,
    BackupRun.State.WARNINGS: errors.EXIT_WARNINGS,
    BackupRun.State.PARTIAL: errors.EXIT_PARTIAL,
    BackupRun.State.FAILED: errors.EXIT_FAILED,
    BackupRun.State.BUSY: errors.EXIT_BUSY,
    BackupRun.State.INTERRUPTED: errors.EXIT_INTERRUPTED,
}
_OPTIONS = {
    "clients-connected": "--accept-clients",
    "folders-not-confirmed": "--folders-idle",
    "account-would-fail": "--accept-old-passwords",
    "sql-unfinished": "--accept-unfinished",
}
_MARKS = {"info": " ", "warning": "!", "error": "x"}


class RunCommand(OobCommand):
    """A command that carries out a run in its own process."""

    help: Any = ""
    ends_gently = True

    def make_recorder(self, run: BackupRun, options: dict[str, Any]) -> Recorder:
        if options["json"]:
            return Recorder(run, is_interrupted=self.interrupted.is_set)
        on_progress = self._show_progress if sys.stderr.isatty() else None
        return Recorder(run, self._echo, on_progress, is_interrupted=self.interrupted.is_set)

    def require_terminal(self, options: dict[str, Any]) -> None:
        """Whether somebody could be asked, unless --yes was said."""
        if not options["yes"] and (options["json"] or not sys.stdin.isatty()):
            raise CommandError(_("Nobody can be asked here: say --yes."), returncode=errors.EXIT_USAGE)

    def require_yes(self, word: str, options: dict[str, Any]) -> None:
        """Ask for ``word`` at the terminal, unless --yes was said."""
        if options["yes"]:
            return
        self.require_terminal(options)
        self.stdout.write(_("To confirm, type %(word)s: ") % {"word": word}, ending="")
        self.stdout.flush()
        if sys.stdin.readline().strip() != word:
            raise CommandError(_("Not confirmed. Nothing was changed."), returncode=errors.EXIT_USAGE)

    def _echo(self, line: dict[str, Any]) -> None:
        text = sentence(line["code"], line["params"])
        source = f"{line['source']}: " if line["source"] and line["source"] not in text else ""
        stream = self.stderr if line["level"] == "error" else self.stdout
        self.said.add(text)
        if line["code"] in _OPTIONS:
            text += " " + _("Whoever agrees says %(option)s.") % {"option": _OPTIONS[line["code"]]}
        stream.write(f"{_MARKS[line['level']]} {source}{text}")

    def _show_progress(self, progress: Progress) -> None:
        is_of_bytes = bool(progress.done_bytes or progress.total_bytes)
        done = progress.done_bytes if is_of_bytes else progress.done_items
        total = progress.total_bytes if is_of_bytes else progress.total_items
        share = f" {min(100 * done // total, 100)} %" if total else ""
        amount = human_size(done) if is_of_bytes else str(done or "")
        self.stderr.write(f"\r\033[K… {progress.stage} {progress.source} {amount}{share}", ending="\r")


def add_consents(parser: CommandParser) -> None:
    """What must be agreed to where data change places."""
    parser.add_argument(
        "--accept-clients", action="store_true", help=_("who is connected to the database may lose the connection")
    )
    parser.add_argument("--folders-idle", action="store_true", help=_("the programs that use the folders are stopped"))


def run_summary(run: BackupRun) -> dict[str, Any]:
    """A run as the commands' --json shows it."""
    return {
        "ok": run.state in (BackupRun.State.DONE, BackupRun.State.WARNINGS),
        "run": run.uid,
        "state": run.state,
        "stamp": run.stamp,
        "seconds": run.duration_seconds,
        "archives": [
            {"name": archive.name, "source": archive.series, "size": archive.size, "method": archive.method}
            for archive in run.archives.order_by("series")
        ],
        "log": [{**line, "text": sentence(line["code"], line["params"])} for line in run.log],
    }
