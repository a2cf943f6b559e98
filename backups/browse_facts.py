"""What the screens of an archive's content show, as facts: no sentence and no HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from backups.domain.beside import beside_name
from backups.domain.browse import Entry, Listing
from backups.domain.names import plain_path, read_name, show_name
from backups.domain.selection import folders_above
from backups.models import BackupArchive, BackupRun, Source, SqlFile, series_titles
from backups.services.browsing import Look
from backups.services.exports import KEPT_DAYS, list_exports
from backups.services.filesbeside import beside_label, choose_files
from backups.services.filesrequest import FilesRequest

_EXAMPLES = 20


@dataclass(frozen=True)
class Step:
    """A folder on the way to where somebody looks; ``key`` leads to it."""

    name: str
    key: str


@dataclass(frozen=True)
class ContentFacts:
    """``pages``: numbers of the pages before and after, None where there is none. ``is_restorable``: its files can
    come back beside the present ones."""

    title: str
    steps: Sequence[Step]
    entries: Sequence[Entry]
    total: int
    page: int
    pages: int
    is_restorable: bool

    @property
    def previous(self) -> int | None:
        return self.page - 1 if self.page > 1 else None

    @property
    def next(self) -> int | None:
        return self.page + 1 if self.page < self.pages else None


def content_facts(archive: BackupArchive, look: Look, listing: Listing | None) -> ContentFacts:
    folder = plain_path(read_name(look.folder))
    above = [*folders_above(folder), folder] if folder else []
    return ContentFacts(
        title=series_titles().get(archive.series, archive.series),
        steps=[Step(show_name(path.rpartition(b"/")[2]), show_name(path)) for path in above],
        entries=listing.entries if listing else [],
        total=listing.total if listing else 0,
        page=listing.page if listing else 1,
        pages=listing.pages if listing else 1,
        is_restorable=Source.objects.filter(name=archive.series, kind=Source.Kind.FILES).exists(),
    )


@dataclass(frozen=True)
class FilesPlan:
    """What a restore beside will do: where, how much, and which name each of ``paths`` gets when it is free."""

    paths: Sequence[str]
    names: Sequence[tuple[str, str]]
    folder: str
    source: str
    count: int
    size: int


def plan_files(request: FilesRequest) -> FilesPlan:
    """Raises as ``choose_files``."""
    target, selection = choose_files(request)
    paths = sorted(selection.paths)
    label = beside_label(timezone.localtime())
    names = [
        (show_name(path), show_name(beside_name(path.rpartition(b"/")[2], label, 1))) for path in paths[:_EXAMPLES]
    ]
    return FilesPlan(
        [show_name(path) for path in paths],
        names,
        str(target.folder),
        str(target.source),
        selection.kinds.get("file", 0) + selection.kinds.get("hardlink", 0),
        selection.size,
    )


def export_facts(archive: BackupArchive) -> dict[str, Any]:
    """Tables of a database's archive with their rows, as far as the manifest names them, and what was exported."""
    tables = archive.manifest.get("counts_after", {}).get("tables", {})
    return {"tables": sorted(tables.items()), "files": list_exports(archive.name), "kept_days": KEPT_DAYS}


def outcome(run: BackupRun) -> dict[str, Any] | None:
    """What a run has brought that somebody may want to take: an exported file, or the names of restored ones."""
    if run.action == BackupRun.Action.EXPORT and run.result.get("file"):
        return {"file": SqlFile.objects.filter(uid=run.result["file"], is_complete=True).first()}
    if run.action == BackupRun.Action.FILES and run.result.get("written"):
        return {"written": run.result["written"], "folder": run.result.get("folder", "")}
    return None
