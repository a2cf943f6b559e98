"""Which data live in a folder, as far as one restore goes: read from its journal. Only the standard library is used."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from backups.domain.restore.journal import Direction, Journal, Phase, read_journal, stage_folder

_UNTOUCHED = (Phase.STAGING, Phase.GATING)
_UNFINISHED = (Phase.SWAPPING, Phase.COMMITTED)


class InPlace(StrEnum):
    """OLD: the data from before the restore. NEW: the restored ones; UNTESTED: these, and nobody has tested them.
    UNFINISHED: the exchange was interrupted, and recovery will end it in the one or the other.
    """

    OLD = "old"
    NEW = "new"
    UNTESTED = "untested"
    UNFINISHED = "unfinished"


def read_in_place(target: Path, restore_id: str) -> InPlace:
    """Which data live in ``target``; a restore without a journal has left nothing. Raises ``JournalDamagedError``."""
    journal = read_journal(stage_folder(target, restore_id))
    return InPlace.OLD if journal is None else _judge(journal)


def _judge(journal: Journal) -> InPlace:
    if journal.phase in _UNFINISHED:
        return InPlace.UNFINISHED
    if journal.phase in _UNTOUCHED:
        return _of_phase(journal.before)
    if journal.phase is Phase.RELEASED:
        return InPlace.NEW if journal.direction is Direction.FORWARD else InPlace.OLD
    return _of_phase(journal.phase)


def _of_phase(phase: Phase) -> InPlace:
    """Of a phase at rest, or of the beginning."""
    return {Phase.PLACED: InPlace.UNTESTED, Phase.KEPT: InPlace.NEW}.get(phase, InPlace.OLD)
