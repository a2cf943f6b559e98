"""What a comparison of disk, proxy file and database has found."""

from __future__ import annotations

from dataclasses import dataclass, field

from oobsite.errors import Notice, OobError


@dataclass
class Reconciliation:
    """``done``: what was put right. ``open``: what differs and waits for somebody."""

    done: list[Notice] = field(default_factory=list)
    open: list[Notice] = field(default_factory=list)
    errors: list[OobError] = field(default_factory=list)

    def to_json(self) -> dict[str, list[dict[str, object]]]:
        """As it stands in the result of a run."""
        found = {"done": self.done, "open": [*self.open, *(error.notice for error in self.errors)]}
        return {
            name: [{"code": notice.code, "params": dict(notice.params)} for notice in notices]
            for name, notices in found.items()
        }
