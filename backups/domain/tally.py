"""Counting the names that tar says while it packs or unpacks."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_PIPE_BYTES = 1 << 20
# Not name by name: that would cost more than tar's own work on small files.
_LOOK_SECONDS = 0.1


@dataclass
class Tally:
    """``writer``: descriptor for tar, which writes a line for each entry; ``count``: lines so far."""

    writer: int
    count: int = 0
    ended: threading.Event = field(default_factory=threading.Event)


@contextmanager
def tallied() -> Iterator[Tally]:
    """A pipe for names, emptied and counted until the block ends; the child must be gone by then."""
    reader, writer = os.pipe()
    with suppress(OSError):  # larger than the system allows: slower, not wrong
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    tally = Tally(writer)
    thread = threading.Thread(target=_count_lines, args=(reader, tally), name="tally")
    thread.start()
    try:
        yield tally
    finally:
        os.close(writer)
        tally.ended.set()
        thread.join()


def _count_lines(reader: int, tally: Tally) -> None:
    with os.fdopen(reader, "rb", buffering=0) as file:
        while block := file.read(_PIPE_BYTES):
            tally.count += block.count(b"\n")
            tally.ended.wait(_LOOK_SECONDS)
