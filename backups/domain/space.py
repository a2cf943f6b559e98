"""A disk that is full, or a quota that is used up: how the system and its programs say so."""

from __future__ import annotations

import errno

SPACE_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

#: Nobody can say how much is missing where many small files take more room than they hold.
LEAST_MISSING = 1 << 20

_WORDS = (b"No space left on device", b"Disk quota exceeded", b": Wrote only ")  # tar, of the last part that fits
_NUMBERS = (b"Errcode: 28", b"OS errno 28", b"Errcode: 122", b"OS errno 122")  # as MariaDB's programs have it


def tells_of_full_disk(log: bytes) -> bool:
    """Whether a program that speaks English found no room, by its log."""
    return any(word in log for word in (*_WORDS, *_NUMBERS))
