"""What binds each event to the one before it. Knows no Django."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"

#: What the first event has as hash of its predecessor.
GENESIS = "0" * 64


def canonical(content: JSON) -> str:
    """One text for one content: sorted keys, no white space."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return text.encode("utf-8", "backslashreplace").decode()  # half characters become escapes of JSON


def digest(content: Mapping[str, JSON], previous_hash: str) -> str:
    """SHA-256 (hex) over the content of an event and the hash of its predecessor."""
    return hashlib.sha256(canonical({**content, "previous_hash": previous_hash}).encode()).hexdigest()


def moment(at: datetime) -> str:
    """A time as it is hashed: UTC, with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
