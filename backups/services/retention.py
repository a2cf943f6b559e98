"""Which old archives go: planned as data, then deleted one by one under the lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, timedelta

from django.conf import settings
from django.utils import timezone

from backups.domain.catalog import Listed, delete_archive
from backups.domain.lock import is_pinned
from backups.domain.retention import Generation, Kept, Policy, PrunePlan, find_shrinkage, plan_prune
from backups.models import DUMP_SUFFIX, BackupArchive, Source
from backups.services import catalogue, config
from backups.services.runs import RunContext, record_done, warn_not_recorded
from oobsite.audit.errors import AuditWriteError
from oobsite.errors import Notice, Params

#: The reason of all archives of a source whose question is open.
STOPPED = "pruning-stopped"


def default_policies(keep: int | None = None) -> list[Policy]:
    """The rule for all sources: the last ``keep`` generations of each."""
    return [Policy(sources=None, last=keep or settings.OOB_KEEP_GENERATIONS, time_zone=settings.TIME_ZONE)]


def plan(keep: int | None = None) -> PrunePlan:
    """What the next backup of all active sources would keep and delete, with its new archives counted in."""
    generations = to_generations(catalogue.list_folder())
    stopped = {series for source in stopped_sources() for series in _series_of(source)}
    active = {series for source in Source.objects.filter(is_active=True) for series in _series_of(source)} - stopped
    coming = [_make_coming(series, generations) for series in active]
    policies = [replace(policy, sources=frozenset(active)) for policy in default_policies(keep) if active]
    planned = plan_prune([*generations, *coming], policies)
    is_stopped = {item.name for item in generations if item.source in stopped}
    kept = [Kept(item.name, (STOPPED,)) if item.name in is_stopped else item for item in planned.keep]
    names = {item.name for item in generations}
    return PrunePlan(tuple(item for item in kept if item.name in names), planned.delete)


def stopped_sources() -> list[Source]:
    """Sources of which nothing is deleted until the user has answered."""
    return list(Source.objects.filter(is_pruning_stopped=True))


def _series_of(source: Source) -> list[str]:
    """The series into which a backup of this source may write."""
    dumps = [source.name + DUMP_SUFFIX] if source.kind == Source.Kind.MARIADB else []
    return [source.name, *dumps]


def _make_coming(series: str, generations: Sequence[Generation]) -> Generation:
    """The archive that the next backup adds; newer than all, also when the clock was set back."""
    newest = max((item.taken_at for item in generations if item.source == series), default=timezone.now())
    taken_at = max(newest + timedelta(microseconds=1), timezone.now()).astimezone(UTC)
    return Generation(f"{series}/next", series, taken_at, 0, True, True, False, False, False)


def prune_series(new: Listed, source: Source, context: RunContext, keep: int | None) -> None:
    """Delete what no policy keeps of the series of ``new``, which was read back and published."""
    generations = [item for item in to_generations(catalogue.list_folder()) if item.source == new.series]
    if _is_stopped(new.name, generations, source, context):
        return
    for name in plan_prune(generations, default_policies(keep)).delete:
        if name != new.name:  # a clock that was set back makes it look like the oldest
            _delete(name, new.series, context)


def _is_stopped(name: str, generations: Sequence[Generation], source: Source, context: RunContext) -> bool:
    """A sudden fall stops the deletion until the user has looked at it."""
    new = next(item for item in generations if item.name == name)
    shrinkage = find_shrinkage(new, [item for item in generations if item.name != name])
    if shrinkage is not None and not source.is_pruning_stopped:
        _stop_pruning(source, context)
    if shrinkage is not None:
        params: Params = {"what": shrinkage.what, "found": shrinkage.found, "expected": shrinkage.expected}
        context.recorder.say("warning", Notice(f"pruning-stopped-{shrinkage.kind}", params), source.name)
    elif source.is_pruning_stopped:
        context.recorder.say("warning", Notice("pruning-still-stopped", {}), source.name)
    return source.is_pruning_stopped


def _stop_pruning(source: Source, context: RunContext) -> None:
    source.is_pruning_stopped = True
    try:
        source.save(update_fields=["is_pruning_stopped"])
    except AuditWriteError as error:  # the row is stored by then
        warn_not_recorded(context.recorder, error)


def _delete(name: str, series: str, context: RunContext) -> None:
    path = config.backup_dir() / name
    context.require_lock()
    if is_pinned(path):
        context.recorder.say("info", Notice("prune-in-use", {"name": name}), series)
        return
    delete_archive(path, context.run.uid)
    for archive in BackupArchive.objects.filter(name=name):
        record_done(context.run, context.recorder, "archive.deleted", archive)
        archive.delete()
    context.recorder.say("info", Notice("pruned", {"name": name}), series)


def to_generations(listed: Sequence[Listed]) -> list[Generation]:
    """Archives of the folder in the words of retention; what the user keeps for good is known to the catalogue."""
    kept = set(BackupArchive.objects.filter(is_pinned=True).values_list("name", flat=True))
    return [_to_generation(item, is_pinned=item.name in kept) for item in listed]


def _to_generation(item: Listed, *, is_pinned: bool) -> Generation:
    manifest = item.manifest
    return Generation(
        name=item.name,
        source=item.series,
        taken_at=item.taken_at,
        size=item.size,
        is_complete=item.is_complete,
        is_ours=item.is_ours,
        is_safety=manifest is not None and manifest.is_safety,
        is_pinned=is_pinned,
        is_proved=bool(item.proof.get("is_good")),
        is_failed=item.proof.get("is_good") is False,
        core_counts=dict(manifest.counts_after.get("core", {})) if manifest else {},
    )
