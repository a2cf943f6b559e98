"""How commands do a run: they act as the command line, show what happens, and tell its end by their exit code."""

from __future__ import annotations

import sys
from typing import Any

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

    def _echo(self, line: dict[str, Any]) -> None:
        text = sentence(line["code"], line["params"])
        source = f"{line['source']}: " if line["source"] and line["source"] not in text else ""
        self.stdout.write(f"{_MARKS[line['level']]} {source}{text}")

    def _show_progress(self, progress: Progress) -> None:
        done, total = progress.done_bytes, progress.total_bytes
        share = f" {min(100 * done // total, 100)} %" if total else ""
        self.stderr.write(f"\r\033[K… {progress.stage} {progress.source} {human_size(done)}{share}", ending="\r")


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
