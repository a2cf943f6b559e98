"""The journal of one exchange of data: what is where, on disk before each act.

The stage folder ``#sql-oob-<id>`` lies in the data folder itself, so that every move is a rename; MariaDB hides
names that begin so, and its tools pass them by as long as no table lies directly in them:

    lock           held by whoever works here
    journal.json   this journal
    gates/         files that will stand for ``ibdata1`` and ``aria_log_control`` while no server may start
    new/, old/     the data that came with the restore and the data that was there, as far as they are not in place
    stray/         what somebody else put in the way

Only the standard library is used here: recovery must work when nothing else does.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from backups.domain.restore.errors import JournalDamagedError
from oobsite.files import replace_file

LOG = logging.getLogger("backups.domain.restore")
"""Tells every step before it is done: level INFO."""

STAGE_PREFIX = "#sql-oob-"
PROBE_PREFIX = f"{STAGE_PREFIX}probe"
"""Begins the names of the files on which a check tries what the file system can do."""

JOURNAL_NAME = "journal.json"
FORMAT = 1
_MODE = 0o600


class Kind(StrEnum):
    """A data folder of MariaDB is guarded by gates; a plain folder is not."""

    MARIADB = "mariadb"
    FILES = "files"


class Phase(StrEnum):
    """How far an exchange is. Until COMMITTED it is given up when it breaks, from then on it is finished.

    STAGING: new data arrive, nothing else was touched. GATING: the gates are being put up, the server may run.
    SWAPPING: the server is down, entries change places. COMMITTED: all are in place, the gates are being removed.
    PLACED: the new data are live and not yet tested. KEPT: tested, the old ones are kept. UNDONE: the old data
    are live again, the new ones are kept. RELEASED: what lies here is being removed.
    """

    STAGING = "staging"
    GATING = "gating"
    SWAPPING = "swapping"
    COMMITTED = "committed"
    PLACED = "placed"
    KEPT = "kept"
    UNDONE = "undone"
    RELEASED = "released"


class Direction(StrEnum):
    FORWARD = "forward"
    BACK = "back"


@dataclass(frozen=True)
class Journal:
    """``incoming`` and ``outgoing``: inode of each entry of the top level, by its name, of the data that come and
    go; ``gates``: inodes of the gate files. ``before`` is the phase that an exchange which is given up returns to,
    ``after`` the one that follows its end. ``number`` counts the restores of a folder. ``created_at``: ISO 8601.
    """

    id: str
    kind: Kind
    created_at: str
    number: int = 1
    phase: Phase = Phase.STAGING
    direction: Direction = Direction.FORWARD
    before: Phase = Phase.STAGING
    after: Phase = Phase.PLACED
    incoming: Mapping[str, int] = field(default_factory=dict)
    outgoing: Mapping[str, int] = field(default_factory=dict)
    gates: Mapping[str, int] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def is_live(self) -> bool:
        """Whether the restored data are in place, tested or not."""
        return self.phase in (Phase.PLACED, Phase.KEPT)

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing was interrupted: what lies here is kept on purpose."""
        return self.phase in (Phase.PLACED, Phase.KEPT, Phase.UNDONE)


def stage_folder(target: Path, restore_id: str) -> Path:
    return target / f"{STAGE_PREFIX}{restore_id}"


def list_stage_folders(target: Path) -> list[Path]:
    """All stage folders of a data folder. Raises ``OSError`` when it cannot be read."""
    found = [path for path in target.iterdir() if path.name.startswith(STAGE_PREFIX)]
    return sorted(path for path in found if path.is_dir() and not path.is_symlink())


def remove_probes(target: Path) -> None:
    """Remove the files of a check that was killed."""
    for path in target.glob(f"{PROBE_PREFIX}*"):
        if path.is_file() and not path.is_symlink():
            path.unlink(missing_ok=True)


def write_journal(folder: Path, journal: Journal) -> None:
    """Write the journal, complete or not at all, and to the disk before this returns."""
    LOG.info("journal %s: %s %s", journal.id, journal.direction, journal.phase)
    replace_file(folder / JOURNAL_NAME, json.dumps(asdict(journal), indent=1).encode(), mode=_MODE)


def read_journal(folder: Path) -> Journal | None:
    """Read the journal of a stage folder; None when it has none. Raises ``JournalDamagedError``."""
    path = folder / JOURNAL_NAME
    try:
        return _from_json(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise JournalDamagedError(path) from error


def _from_json(content: dict[str, Any]) -> Journal:
    if content["format"] != FORMAT:
        raise ValueError(content["format"])
    for name in ("incoming", "outgoing", "gates"):
        if not all(isinstance(inode, int) for inode in content[name].values()):
            raise TypeError(name)
    kinds = {"kind": Kind, "phase": Phase, "direction": Direction, "before": Phase, "after": Phase}
    return Journal(**content | {name: kind(content[name]) for name, kind in kinds.items()})
