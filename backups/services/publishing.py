"""From a folder to a published archive: room, pack, read back, manifest, name, catalogue, retention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils import timezone

from backups.domain.archive import Packing, discard, pack_folder, publish, read_back
from backups.domain.catalog import Listed, archive_name, last_content
from backups.domain.errors import NoSpaceError, SourceMissingError
from backups.domain.manifest import MOST_SKIPPED, Content, Manifest, Skipped
from backups.domain.restore.journal import STAGE_PREFIX
from backups.models import DUMP_SUFFIX, BackupRun, Source
from backups.services import catalogue, config, retention
from backups.services.request import Request
from backups.services.runs import RunContext
from oobsite.errors import Notice, Params
from oobsite.files import free_bytes, tree_size

HARMLESS = frozenset({"socket", "special"})
OTHER_DISK = "other-filesystem"


@dataclass
class Draft:
    """An archive in the making: what goes into its manifest beside its content."""

    source: Source
    method: str
    started_at: str
    warnings: list[Notice] = field(default_factory=list)
    skipped: Sequence[Skipped] = ()
    server: dict[str, Any] = field(default_factory=dict)
    counts_before: dict[str, Any] = field(default_factory=dict)
    counts_after: dict[str, Any] = field(default_factory=dict)

    @property
    def is_dump(self) -> bool:
        return self.method == "dump"

    @property
    def series(self) -> str:
        return self.source.name + (DUMP_SUFFIX if self.is_dump else "")


def archive_folder(draft: Draft, packing: Packing, request: Request, context: RunContext) -> None:
    last = last_content(catalogue.list_folder(), draft.series)
    require_space(config.backup_dir(), last.size)
    target = config.target(archive_name(draft.series, context.run.stamp), last=last)
    context.job.enter("pack", draft.source.name, total_bytes=last.tar_bytes or None)
    try:
        written, draft.skipped = pack_folder(packing, target, context.job)
        content = read_back(target, written, context.job).content
        _require_content(content, draft.source)
        _warn_of_skipped(draft)
        publish(target, make_manifest(draft, content, target.path.name, context), context.job)
    finally:
        discard(target, context.job)
    finish(draft, target.path, request, context)


def _require_content(content: Content, source: Source) -> None:
    """An archive of nothing but the folder itself is no backup."""
    if content.entries <= 1:
        raise SourceMissingError(source.name, source.folder)


def _warn_of_skipped(draft: Draft) -> None:
    elsewhere = [item.name for item in draft.skipped if item.reason == OTHER_DISK]
    troubling = [item.name for item in draft.skipped if item.reason not in HARMLESS | {OTHER_DISK}]
    for code, names in (("files-skipped", troubling), ("files-on-other-disk", elsewhere)):
        if names:
            draft.warnings.append(Notice(code, {"count": len(names), "names": names[:5]}))


def finish(draft: Draft, path: Path, request: Request, context: RunContext) -> None:
    listed: Listed = catalogue.list_one(path)
    catalogue.record(listed)
    for notice in draft.warnings:
        context.recorder.say("warning", notice, draft.source.name)
    entries = listed.manifest.content.entries if listed.manifest else 0
    params: Params = {"name": listed.name, "size": listed.size, "entries": entries}
    context.recorder.say("info", Notice("archive-written", params), draft.source.name)
    if context.run.trigger != BackupRun.Trigger.SAFETY:  # nothing that may be wanted goes before a restore
        retention.prune_series(listed, draft.source, context, request)


def make_manifest(draft: Draft, content: Content, name: str, context: RunContext) -> Manifest:
    return Manifest(
        run_id=context.run.uid,
        source=draft.source.name,
        series=draft.series,
        kind=draft.source.kind,
        method=draft.method,
        archive=name,
        started_at=draft.started_at,
        ended_at=utc_now(),
        content=content,
        skipped=tuple(draft.skipped[:MOST_SKIPPED]),
        skipped_total=len(draft.skipped),
        warnings=tuple(draft.warnings),
        server=draft.server,
        counts_before=draft.counts_before,
        counts_after=draft.counts_after,
        trigger=context.run.trigger,
        is_safety=context.run.trigger == BackupRun.Trigger.SAFETY,
    )


def utc_now() -> str:
    return timezone.now().isoformat(timespec="seconds")


def require_work_space(source: Source) -> None:
    """The prepared set and the proof each need as much room as the data folder."""
    require_space(config.work_dir(), 2 * tree_size(source.folder, but=STAGE_PREFIX))


def require_space(folder: Path, needed: int) -> None:
    missing = needed - free_bytes(folder)
    if missing > 0:
        raise NoSpaceError(folder, missing)
