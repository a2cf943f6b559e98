"""Which old archives go: planned as data, then deleted one by one under the lock."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, timedelta

from django.conf import settings
from django.utils import timezone

from backups.domain.catalog import Listed, delete_archive
from backups.domain.cron import is_several_a_day, validate
from backups.domain.errors import ArchiveMissingError
from backups.domain.lock import is_pinned
from backups.domain.retention import Generation, Kept, Policy, PrunePlan, find_shrinkage, plan_prune
from backups.models import DUMP_SUFFIX, BackupArchive, BackupSchedule, Source
from backups.services import catalogue, condition, config
from backups.services.request import Request
from backups.services.runs import RunContext, record_done, warn_not_recorded
from oobsite.audit.errors import AuditWriteError
from oobsite.errors import Notice, Params

#: The newest archive of the day before yesterday is always more than 24 hours old.
DAYS_HELD = 3
#: The reason of all archives of a source whose question is open.
STOPPED = "pruning-stopped"


def policies_for(request: Request) -> list[Policy]:
    """The rule of a run, and those of all schedules: what any of them wants stays.

    Runs of several schedules write into the same series, and each would delete what another one wants to keep for
    years. A schedule that is switched off still protects its archives, until it is deleted.
    """
    keep = request.keep or settings.OOB_KEEP_GENERATIONS
    own = Policy(sources=None, last=keep, time_zone=settings.TIME_ZONE, **request.periods)
    return [own, *map(policy_of, BackupSchedule.objects.all())]


def policy_of(schedule: BackupSchedule) -> Policy:
    """What a schedule keeps of the series into which its backups write."""
    return _policy_over(schedule, list(schedule.sources.all()))


def _policy_over(schedule: BackupSchedule, sources: Sequence[Source]) -> Policy:
    series = frozenset(name for source in sources for name in _series_of(source))
    periods = {**schedule.periods, "daily": max(schedule.keep_daily, days_held(schedule))}
    return Policy(sources=series or None, last=schedule.keep_generations, time_zone=settings.TIME_ZONE, **periods)


def days_held(schedule: BackupSchedule) -> int:
    """Of how many days the newest archive stays whatever was typed: backups of one day alone must not push out those
    of the days before, which are needed when a mistake is found the next morning."""
    return DAYS_HELD if not validate(schedule.cron) and is_several_a_day(schedule.cron) else 0


def plan(keep: int | None = None) -> PrunePlan:
    """What the next backup of all active sources would keep and delete, with its new archives counted in."""
    return _plan(policies_for(Request(keep=keep)), Source.objects.filter(is_active=True))


def plan_schedule(schedule: BackupSchedule, sources: Sequence[Source]) -> PrunePlan:
    """What the next backup of a schedule, stored or not, would keep and delete; without ``sources`` of all of them."""
    others = [policy_of(other) for other in BackupSchedule.objects.exclude(pk=schedule.pk)]
    active = list(Source.objects.filter(is_active=True))
    chosen = [source for source in active if not sources or source in sources]
    return _plan([_policy_over(schedule, chosen), *others], chosen)


def _plan(policies: Sequence[Policy], sources: Iterable[Source]) -> PrunePlan:
    """Retention of the series of ``sources`` alone; nothing goes of those whose question is open."""
    generations = to_generations(catalogue.list_folder())
    stopped = {series for source in stopped_sources() for series in _series_of(source)}
    active = {series for source in sources for series in _series_of(source)} - stopped
    coming = [_make_coming(series, generations) for series in active]
    planned = plan_prune([*generations, *coming], _within(policies, active))
    is_stopped = {item.name for item in generations if item.source in stopped}
    kept = [Kept(item.name, (STOPPED,)) if item.name in is_stopped else item for item in planned.keep]
    names = {item.name for item in generations}
    return PrunePlan(tuple(item for item in kept if item.name in names), planned.delete)


def _within(policies: Sequence[Policy], series: Collection[str]) -> list[Policy]:
    """The policies as far as they decide about ``series``."""
    covered = [(policy, frozenset(name for name in series if policy.covers(name))) for policy in policies]
    return [replace(policy, sources=names) for policy, names in covered if names]


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


def prune_series(new: Listed, source: Source, context: RunContext, request: Request) -> None:
    """Delete what no policy keeps of the series of ``new``, which was read back and published."""
    generations = [item for item in to_generations(catalogue.list_folder()) if item.source == new.series]
    if _is_stopped(new.name, generations, source, context):
        return
    for name in plan_prune(generations, policies_for(request)).delete:
        if name != new.name:  # a clock that was set back makes it look like the oldest
            _delete(name, new.series, context)


def _is_stopped(name: str, generations: Sequence[Generation], source: Source, context: RunContext) -> bool:
    """A sudden fall stops the deletion until the user has looked at it. Raises ``ArchiveMissingError``."""
    new = next((item for item in generations if item.name == name), None)
    if new is None:  # somebody else has removed what was published a moment ago
        raise ArchiveMissingError(name)
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
    condition.tell_over(name)
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
