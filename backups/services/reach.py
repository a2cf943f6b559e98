"""How far back the archives of a schedule will reach, and whether somebody may have slipped on the keyboard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import islice

from django.conf import settings
from django.utils import timezone

from backups.domain.cron import next_dates, validate
from backups.domain.reach import DATES_LOOKED_AT, least_gap, least_reach
from backups.domain.retention import Policy
from backups.models import BackupSchedule, Source
from backups.services.retention import days_held

SHORTEST_REACH = timedelta(days=1)
SHORTEST_GAP = timedelta(minutes=15)


@dataclass(frozen=True)
class Reach:
    """``least``: how far the numbers that were typed reach; ``gap``: the shortest time between two backups;
    ``days_held``: of how many days oobsite keeps the newest archive all the same, else 0."""

    least: timedelta
    gap: timedelta
    days_held: int

    @property
    def is_short(self) -> bool:
        return self.least < SHORTEST_REACH

    @property
    def is_often(self) -> bool:
        return self.gap < SHORTEST_GAP

    @property
    def is_doubtful(self) -> bool:
        """Whether the user is asked if he means it."""
        return self.is_short or self.is_often


def find_reach(schedule: BackupSchedule, sources: Sequence[Source]) -> Reach:
    """Of a schedule with valid times and numbers, stored or not; without ``sources`` of all that are switched on.

    Several schedules write into one series: the dates of the others push archives out, their numbers hold some. So
    the source that fares worst counts.
    """
    others = _Others.read(schedule)
    names = [source.name for source in sources] or list(_active_names())
    own = _dates_of(schedule)
    covering = {frozenset(others.covering(name)) for name in names} or {frozenset()}
    least = min(least_reach(others.dates(own, pks), others.policies(schedule, pks)) for pks in covering)
    return Reach(least, least_gap(own), days_held(schedule))


@dataclass(frozen=True)
class _Others:
    """The other schedules that are stored, by primary key, with the names of their sources (none means all)."""

    schedules: dict[int, BackupSchedule]
    sources: dict[int, set[str]]

    @classmethod
    def read(cls, schedule: BackupSchedule) -> _Others:
        found = BackupSchedule.objects.exclude(pk=schedule.pk).prefetch_related("sources")
        sources = {other.pk: {source.name for source in other.sources.all()} for other in found}
        return cls({other.pk: other for other in found}, sources)

    def covering(self, name: str) -> list[int]:
        return [pk for pk, names in self.sources.items() if not names or name in names]

    def dates(self, own: Sequence[datetime], pks: frozenset[int]) -> list[datetime]:
        """Together with those of the others that are switched on."""
        running = [self.schedules[pk] for pk in pks if self.schedules[pk].is_active]
        return list(islice(merge(own, *(_dates_of(other) for other in running)), DATES_LOOKED_AT))

    def policies(self, schedule: BackupSchedule, pks: frozenset[int]) -> list[Policy]:
        """As they were typed: what oobsite holds besides is a net, and no reason to take a slip for a wish."""
        return [_typed_policy(item) for item in (schedule, *(self.schedules[pk] for pk in pks))]


def _active_names() -> Sequence[str]:
    return list(Source.objects.filter(is_active=True).values_list("name", flat=True))


def _typed_policy(schedule: BackupSchedule) -> Policy:
    return Policy(None, schedule.keep_generations, time_zone=settings.TIME_ZONE, **schedule.periods)


def _dates_of(schedule: BackupSchedule) -> list[datetime]:
    """In UTC, which has no summer time: the answer is the same all the year round."""
    if validate(schedule.cron):
        return []
    return list(islice(next_dates(schedule.cron, timezone.now(), UTC), DATES_LOOKED_AT))
