"""A second record of the chain, outside the database: a file in the data folder to which lines are only added.

Each event has two lines: *announced* just before it is stored, *stored* when its transaction is through. So an event
that was never announced was put in by hand, and one that was stored and is not there was taken out. A transaction
that was rolled back leaves an announcement, which says nothing. Knows no Django.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from oobsite.keys import adopt, replace_key

WITNESS_NAME = "audit.hashes"
ANNOUNCED, STORED = "announced", "stored"
_TAIL_BYTES = 4096


@dataclass
class Witness:
    """What the file knows: hashes announced, and the hash under which each number was stored first."""

    announced: set[tuple[int, str]] = field(default_factory=set)
    stored: dict[int, str] = field(default_factory=dict)

    @cached_property
    def first(self) -> int:
        """From this number on the file is complete; 0 when it holds nothing."""
        return min((number for number, _hash in self.announced), default=0)

    @cached_property
    def last(self) -> int:
        return max(self.stored, default=0)


def announce(data_dir: Path, number: int, event_hash: str) -> None:
    """Say that an event is about to be stored; on disk when this returns."""
    _append(data_dir, number, event_hash, ANNOUNCED, is_synced=True)


def confirm(data_dir: Path, number: int, event_hash: str) -> None:
    """Say that an event is stored for good."""
    _append(data_dir, number, event_hash, STORED, is_synced=False)


def _append(data_dir: Path, number: int, event_hash: str, kind: str, *, is_synced: bool) -> None:
    """Add a line by one write, so that lines of several processes never mix."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    descriptor = os.open(data_dir / WITNESS_NAME, flags, 0o600)
    try:
        if os.fstat(descriptor).st_size == 0:
            adopt(data_dir / WITNESS_NAME)
        os.write(descriptor, f"{number} {event_hash} {kind}\n".encode())
        if is_synced:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_witness(data_dir: Path) -> Witness:
    """All that the file knows; nothing when there is no file."""
    witness = Witness()
    with suppress(FileNotFoundError), (data_dir / WITNESS_NAME).open(encoding="ascii", errors="replace") as file:
        for number, event_hash, kind in filter(None, map(_parse, file)):
            witness.announced.add((number, event_hash))
            if kind == STORED:
                witness.stored.setdefault(number, event_hash)
    return witness


def last_stored(data_dir: Path) -> tuple[int, str]:
    """Number and hash of the newest event, from the last lines of the file; ``(0, "")`` when there is none."""
    try:
        with (data_dir / WITNESS_NAME).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            lines = file.read().decode("ascii", "replace").splitlines()
    except FileNotFoundError:
        return 0, ""
    stored = [(number, event_hash) for number, event_hash, kind in filter(None, map(_parse, lines)) if kind == STORED]
    return max(stored, default=(0, ""))


def begin_witness(data_dir: Path, events: Iterator[tuple[int, str]]) -> None:
    """Write the file anew from the numbers and hashes of all events; the one before is kept beside it."""
    path = data_dir / WITNESS_NAME
    if path.exists():
        path.rename(_free_name(path))
    lines = (f"{number} {event_hash} {STORED}\n" for number, event_hash in events)
    replace_key(path, "".join(lines))


def _free_name(path: Path) -> Path:
    number = 1
    while (kept := path.with_name(f"{path.name}.{number}")).exists():
        number += 1
    return kept


def _parse(line: str) -> tuple[int, str, str] | None:
    parts = line.split()
    if len(parts) != 3 or not parts[0].isdigit() or len(parts[1]) != 64 or parts[2] not in (ANNOUNCED, STORED):
        return None
    return int(parts[0]), parts[1], parts[2]
