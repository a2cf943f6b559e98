"""The journal of an SQL restore: what lies in which database, on disk before each act.

Three databases take part: the practice's own, ``oob_<id>`` with the tables that the file brings, and
``oob_<id>_old`` with those that were there. Where a table lies tells what has been done; what RENAME TABLE cannot
move (views, routines, triggers, events) lies in the journal as statements.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from backups.domain.restore.errors import JournalDamagedError
from backups.domain.restore.journal import JOURNAL_NAME, LOG, Direction, Phase
from backups.domain.sql.schema import Schema, SchemaObject
from oobsite.files import replace_file, sync_dir

FORMAT = 1
_ID = re.compile(r"[0-9a-z]{2,40}")


@dataclass(frozen=True)
class SqlJournal:
    """``incoming`` and ``outgoing``: what comes into the practice's ``database`` and what goes. STAGING: the new
    tables are being loaded. ``before`` is the phase to which an exchange that is given up returns. ``number`` counts
    the restores. ``created_at``: ISO 8601. ``title``: what people call the file.
    """

    id: str
    database: str
    created_at: str
    title: str = ""
    number: int = 1
    phase: Phase = Phase.STAGING
    direction: Direction = Direction.FORWARD
    before: Phase = Phase.STAGING
    incoming: Schema = field(default_factory=Schema)
    outgoing: Schema = field(default_factory=Schema)
    format: int = FORMAT

    @property
    def fresh(self) -> str:
        """The database of the tables that the file brought, while they are not live."""
        return f"oob_{self.id}"

    @property
    def old(self) -> str:
        """The database of the tables from before, while they are not live."""
        return f"oob_{self.id}_old"

    @property
    def incoming_home(self) -> str:
        return self.fresh if self.direction is Direction.FORWARD else self.old

    @property
    def outgoing_home(self) -> str:
        return self.old if self.direction is Direction.FORWARD else self.fresh

    @property
    def is_live(self) -> bool:
        """Whether the tables of the file are in place."""
        return self.phase is Phase.KEPT

    @property
    def is_at_rest(self) -> bool:
        return self.phase in (Phase.KEPT, Phase.UNDONE)

    def turned(self) -> SqlJournal:
        """The same exchange the other way round."""
        back = Direction.BACK if self.direction is Direction.FORWARD else Direction.FORWARD
        return replace(self, direction=back, incoming=self.outgoing, outgoing=self.incoming)


@dataclass
class JournalFile:
    """One journal and its folder."""

    folder: Path
    journal: SqlJournal

    def write(self, **changes: Any) -> None:
        """Write the journal with changes, to the disk before this returns."""
        self.journal = replace(self.journal, **changes)
        LOG.info("sql journal %s: %s %s", self.journal.id, self.journal.direction, self.journal.phase)
        replace_file(self.folder / JOURNAL_NAME, json.dumps(asdict(self.journal), indent=1).encode(), mode=0o600)

    def remove(self) -> None:
        """The end of a restore of which nothing is kept."""
        LOG.info("sql journal %s: remove", self.journal.id)
        shutil.rmtree(self.folder)
        sync_dir(self.folder.parent)


def new_journal(folder: Path, journal: SqlJournal) -> JournalFile:
    """Write the first journal of a restore below ``folder``, which is made."""
    if not _ID.fullmatch(journal.id):
        raise ValueError(journal.id)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = 1 + max((file.journal.number for file in list_journals(folder)), default=0)
    file = JournalFile(folder / journal.id, replace(journal, number=number))
    file.folder.mkdir(mode=0o700)
    file.write()
    sync_dir(folder)
    return file


@dataclass(frozen=True)
class Journals:
    """``files``: restores of which something is kept or that were interrupted, oldest first. ``damaged``: paths of
    journals that cannot be read."""

    files: tuple[JournalFile, ...] = ()
    damaged: tuple[Path, ...] = ()


def find_journals(folder: Path) -> Journals:
    """All restores below ``folder``, also beside a damaged one. Raises ``OSError``."""
    found: list[JournalFile] = []
    damaged: list[Path] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            file = _read(path) if path.is_dir() else None
        except (JournalDamagedError, OSError):
            damaged.append(path / JOURNAL_NAME)
            continue
        if file is not None:
            found.append(file)
    return Journals(tuple(sorted(found, key=lambda file: file.journal.number)), tuple(damaged))


def list_journals(folder: Path) -> list[JournalFile]:
    """As ``find_journals``, when all can be read. Raises ``JournalDamagedError``, ``OSError``."""
    found = find_journals(folder)
    if found.damaged:
        raise JournalDamagedError(found.damaged[0])
    return list(found.files)


def _read(folder: Path) -> JournalFile | None:
    """None for a folder that was made a moment before the end: nothing had been done."""
    path = folder / JOURNAL_NAME
    try:
        return JournalFile(folder, _from_json(json.loads(path.read_bytes())))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise JournalDamagedError(path) from error


def _from_json(content: dict[str, Any]) -> SqlJournal:
    if content["format"] != FORMAT:
        raise ValueError(content["format"])
    kinds = {"phase": Phase, "direction": Direction, "before": Phase}
    values = content | {name: kind(content[name]) for name, kind in kinds.items()}
    return SqlJournal(**values | {name: _schema(content[name]) for name in ("incoming", "outgoing")})


def _schema(content: dict[str, Any]) -> Schema:
    objects = tuple(SchemaObject(**item) for item in content["objects"])
    return Schema(tuple(content["tables"]), objects, content["charset"], content["collation"])
