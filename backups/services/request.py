"""What a backup was asked to do, as its run keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backups.models import BackupRun


@dataclass(frozen=True)
class Request:
    """What a run shall do: sources by name (all active ones when empty), also a dump, generations to keep.

    ``is_proved``: what it has saved is proved by a run of its own behind it.
    """

    sources: tuple[str, ...] = ()
    with_dump: bool = False
    is_cold: bool = False
    keep: int | None = None
    is_proved: bool = False

    @classmethod
    def of(cls, run: BackupRun) -> Request:
        values = run.request
        return cls(
            tuple(values.get("sources", ())),
            bool(values.get("with_dump")),
            bool(values.get("is_cold")),
            values.get("keep"),
            bool(values.get("is_proved")),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "sources": list(self.sources),
            "with_dump": self.with_dump,
            "is_cold": self.is_cold,
            "keep": self.keep,
            "is_proved": self.is_proved,
        }
