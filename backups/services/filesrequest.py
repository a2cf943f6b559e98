"""Which files of an archive shall come back beside the present ones, as a run keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backups.models import BackupRun


@dataclass(frozen=True)
class FilesRequest:
    """An archive by name; files and folders in it as ``show_name`` writes their paths."""

    archive: str
    paths: tuple[str, ...]

    @classmethod
    def of(cls, run: BackupRun) -> FilesRequest:
        return cls(run.request["archive"], tuple(run.request["paths"]))

    def to_json(self) -> dict[str, Any]:
        return {"archive": self.archive, "paths": list(self.paths)}
