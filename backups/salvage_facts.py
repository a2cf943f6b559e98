"""What the page of a recovery shows, as facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from backups.facts import failures
from backups.models import BackupArchive, BackupRun, SqlFile
from backups.services.uploading import removed_at

_WORST_FIRST = ("lost", "partly", "mended", "whole")


@dataclass(frozen=True)
class SalvageShown:
    """A run that recovers what can be read, waiting, working or ended."""

    run: BackupRun

    @property
    def failures(self) -> Sequence[str]:
        return failures(self.run)

    @property
    def archive(self) -> BackupArchive | None:
        return BackupArchive.objects.filter(name__in=self.run.request.get("archives", [])).first()

    @cached_property
    def file(self) -> SqlFile | None:
        """The SQL file that came out, as long as nobody has deleted it."""
        return SqlFile.objects.filter(uid=self.run.result.get("file", ""), is_complete=True).first()

    @property
    def removed_at(self) -> datetime | None:
        """When that file goes by itself."""
        return removed_at(self.file) if self.file is not None else None

    @property
    def is_good(self) -> bool:
        return self.run.state in (BackupRun.State.DONE, BackupRun.State.WARNINGS)

    @property
    def tables(self) -> Sequence[Mapping[str, Any]]:
        """The worst first."""
        tables: list[dict[str, Any]] = self.run.result.get("tables", [])
        return sorted(tables, key=lambda table: (_WORST_FIRST.index(table["state"]), table["name"]))
