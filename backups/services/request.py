"""What a backup was asked to do, as its run keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from backups.models import BackupRun


@dataclass(frozen=True)
class Request:
    """What a run shall do: sources by name (all active ones when empty), also a dump, generations to keep.

    ``periods``: beside these, the newest archive of so many hours, days … stays. ``is_proved``: what it has saved is
    proved by a run of its own behind it. ``is_dump_enough``: when the database cannot be copied, its dump will do.
    """

    sources: tuple[str, ...] = ()
    with_dump: bool = False
    is_cold: bool = False
    keep: int | None = None
    is_proved: bool = False
    periods: Mapping[str, int] = field(default_factory=dict)
    is_dump_enough: bool = False

    @classmethod
    def of(cls, run: BackupRun) -> Request:
        values = run.request
        return cls(
            tuple(values.get("sources", ())),
            bool(values.get("with_dump")),
            bool(values.get("is_cold")),
            values.get("keep"),
            bool(values.get("is_proved")),
            dict(values.get("periods", {})),
            bool(values.get("is_dump_enough")),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "sources": list(self.sources),
            "with_dump": self.with_dump,
            "is_cold": self.is_cold,
            "keep": self.keep,
            "is_proved": self.is_proved,
            "periods": dict(self.periods),
            "is_dump_enough": self.is_dump_enough,
        }
