"""The exchange of a plain folder: its mount point cannot be renamed, so its children change places.

Nothing gates it: whoever uses it must have been stopped. What appears meanwhile shows that he was not; then the
exchange is given up, and what he has written stays.
"""

from __future__ import annotations

from collections.abc import Mapping

from backups.domain.job import Job
from backups.domain.restore.errors import FolderInUseError
from backups.domain.restore.exchange import list_entries, sync_file_system
from backups.domain.restore.journal import Direction, Phase
from backups.domain.restore.settle import exchange, finish, settled_on_error
from backups.domain.restore.stage import Stage


def swap_folder(stage: Stage, job: Job) -> None:
    """Put the data in ``stage.new_dir`` in place of those of the folder, whose own owner and mode stay.

    Raises ``FolderInUseError``, ``CancelledError``, ``OSError``: nothing was changed.
    """
    sync_file_system(stage.folder)
    exchange_folder(stage, Direction.FORWARD, Phase.KEPT, job)


def exchange_folder(stage: Stage, direction: Direction, after: Phase, job: Job) -> None:
    """Let the children change places in one direction; ``after`` is the phase that follows."""
    job.enter("swap", stage.target.name)
    home = stage.new_dir if direction is Direction.FORWARD else stage.old_dir
    with settled_on_error(stage):
        stage.write(
            phase=Phase.SWAPPING,
            direction=direction,
            before=stage.journal.phase,
            after=after,
            incoming=list_entries(home),
            outgoing=list_entries(stage.target),
        )
        exchange(stage)
        if direction is Direction.FORWARD:  # back, what appeared meanwhile stays beside the old data
            _require_undisturbed(stage)
        stage.write(phase=Phase.COMMITTED)
        finish(stage)


def _require_undisturbed(stage: Stage) -> None:
    """Every entry must be where the journal says, and nothing else anywhere."""
    found = {**_label("live", list_entries(stage.target)), **_label("old", list_entries(stage.outgoing.home))}
    found |= _label("new", list_entries(stage.incoming.home))
    expected = {**_label("live", stage.journal.incoming), **_label("old", stage.journal.outgoing)}
    names = {name for (_, name), _ in found.items() ^ expected.items()}
    if stage.stray_dir.exists():
        names |= {path.name for path in stage.stray_dir.iterdir()}
    if names:
        raise FolderInUseError(stage.target, sorted(names)[:20])


def _label(place: str, entries: Mapping[str, int]) -> dict[tuple[str, str], int]:
    return {(place, name): inode for name, inode in entries.items()}
