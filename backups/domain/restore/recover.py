"""Recovery after a crash in the middle of a restore, by itself: needs Python and nothing else.

    python -m backups.domain.restore.recover DATADIR [DATADIR ...]

ends an interrupted restore in the old or in the new data. It may be killed and started again at any moment; where
a restore is at work it does nothing. Exit code: 0 all is at rest, 1 something could not be put in order,
2 no folder was named, 4 busy.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from backups.domain.restore.errors import JournalDamagedError, RestoreBusyError
from backups.domain.restore.journal import JOURNAL_NAME, Phase, list_stage_folders, read_journal, remove_probes
from backups.domain.restore.settle import Outcome, Settled, settle
from backups.domain.restore.stage import Stage, holds_data, remove_folder, stage_lock
from oobsite.errors import EXIT_BUSY, EXIT_DONE, EXIT_FAILED, EXIT_USAGE, OobError

_WORDS = {
    Outcome.REMOVED: "The restore had not come far enough: the data from before it are in place, nothing was lost.",
    Outcome.PLACED: "The restored data are in place, but not yet tested. The old data are kept here: {folder}",
    Outcome.KEPT: "The restored data are in place. The old data are kept here: {folder}",
    Outcome.UNDONE: "The old data are in place. What the restore had brought is kept here: {folder}",
    Outcome.BUSY: "A restore is at work here. Nothing was done.",
}
_RELEASED = "The rest of what a restore had kept was removed. The data in place were not touched."


def recover(target: Path) -> list[Settled]:
    """Bring every restore of a data folder to rest, and say what became of each; empty when there is none.

    Nothing is started or stopped here: whoever has stopped a server by other means than SQL starts it afterwards,
    and data that are only placed are tested by ``complete_datadir``.

    Raises ``JournalDamagedError``, ``ServerNotStoppedError``, ``OSError``: what they name stays as it is.
    """
    remove_probes(target)
    settled: list[Settled | None] = []
    errors: list[OobError | OSError] = []
    for folder in list_stage_folders(target):
        try:
            settled.append(_recover_one(target, folder))
        except (OobError, OSError) as error:
            errors.append(error)  # what can be put in order is, all the same
    if errors:
        raise errors[0]
    return [item for item in settled if item is not None]


def _recover_one(target: Path, folder: Path) -> Settled | None:
    try:
        with stage_lock(folder) as descriptor:  # makes the lock file, but not the folder
            journal = read_journal(folder)
            if journal is None:
                return _remove_empty(folder)
            return settle(Stage(target, folder, journal, descriptor))
    except RestoreBusyError:
        if not folder.exists():  # another recovery has just removed it
            return None
        return Settled("", Phase.STAGING, Outcome.BUSY)


def _remove_empty(folder: Path) -> Settled:
    """Made a moment before the end, or nearly removed."""
    if holds_data(folder):
        raise JournalDamagedError(folder / JOURNAL_NAME)
    remove_folder(folder)
    return Settled("", Phase.RELEASED, Outcome.REMOVED)


def main(folders: Sequence[str]) -> int:
    """Recover all data folders that are named, and say what became of each; return the exit code."""
    if not folders:
        print(__doc__)
        return EXIT_USAGE
    codes = {_recover_and_say(folder) for folder in folders}
    return next(code for code in (EXIT_FAILED, EXIT_BUSY, EXIT_DONE) if code in codes)


def _recover_and_say(folder: str) -> int:
    try:
        return _say(folder, recover(Path(os.path.abspath(folder))))  # noqa: PTH100 - links are left as they are
    except (OobError, OSError) as error:
        print(f"{folder}: {error}", file=sys.stderr)
        return EXIT_FAILED


def _say(folder: str, settled: Iterable[Settled]) -> int:
    code = EXIT_DONE
    for item in settled:
        kept = Path(folder) / f"#sql-oob-{item.id}"
        words = _RELEASED if item.phase is Phase.RELEASED else _WORDS[item.outcome].format(folder=kept)
        print(f"{folder}: {words}")
        code = max(code, EXIT_BUSY if item.outcome is Outcome.BUSY else EXIT_DONE)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
