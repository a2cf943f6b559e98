"""Which archives may go, and when none may: plans as data, nothing here touches a file.

An archive goes only when no policy that covers its source would keep it, so whatever is unclear stays.
"""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from statistics import median
from typing import Literal
from zoneinfo import ZoneInfo

# A key of the period in which a local time lies, the same for all moments within that period.
_PERIODS: dict[str, Callable[[datetime], Hashable]] = {
    # The offset tells the two hours apart that bear the same number when summer time ends.
    "hourly": lambda local: (local.date(), local.hour, local.utcoffset()),
    "daily": lambda local: local.date(),
    "weekly": lambda local: local.isocalendar()[:2],
    "monthly": lambda local: (local.year, local.month),
    "yearly": lambda local: local.year,
}

#: Every reason for which an archive can be kept, in the order in which `Kept.reasons` gives them.
REASONS = (
    "incomplete",
    "never-verified",
    "safety",
    "pinned",
    "no-policy",
    "proof-failed",
    "last",
    *_PERIODS,
    "newest-proved",
)

_SIZES_COMPARED = 5


@dataclass(frozen=True)
class Generation:
    """One archive as the catalogue knows it; only some of them count as generations (see `plan_prune`).

    `source` is the series ("elexisdb_sql" is another one than "elexisdb"), `size` is in bytes, `taken_at` is
    UTC, `is_ours` is False for an archive of the predecessor that nobody has verified, `is_failed` is True when
    its last proof failed, and `core_counts` holds the exact rows of the core tables at backup time, or nothing
    for plain files.
    Raises ValueError when `taken_at` is not UTC or a number is negative.
    """

    name: str
    source: str
    taken_at: datetime
    size: int
    is_complete: bool
    is_ours: bool
    is_safety: bool
    is_pinned: bool
    is_proved: bool
    core_counts: Mapping[str, int] = field(default_factory=dict, hash=False)
    is_failed: bool = False

    def __post_init__(self) -> None:
        # Python compares two moments of one zone by the clock on the wall: only UTC sorts rightly in autumn.
        if self.taken_at.utcoffset() != timedelta(0):
            raise ValueError(f"{self.name}: taken_at must be UTC, not {self.taken_at.isoformat()}")
        if self.size < 0 or any(count < 0 for count in self.core_counts.values()):
            raise ValueError(f"{self.name}: a size or count cannot be negative")


@dataclass(frozen=True)
class Policy:
    """How many archives of each of its sources stay; the union of all places is kept.

    `sources` None means every source. `last` keeps the newest archives; `daily` 7 keeps the newest archive of
    each of the seven most recent days that have one, and so on, in local time of `time_zone`; weeks are ISO.
    Raises ValueError when it would keep nothing, covers nothing, or names an unknown time zone.
    """

    sources: frozenset[str] | None
    last: int
    hourly: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    yearly: int = 0
    time_zone: str = "Europe/Zurich"

    def __post_init__(self) -> None:
        if self.last < 1:
            raise ValueError(f"last must be at least 1, not {self.last}")
        for period in _PERIODS:
            if self.places(period) < 0:
                raise ValueError(f"{period} cannot be negative: {self.places(period)}")
        if self.sources is not None and not self.sources:
            raise ValueError("a policy without sources covers nothing; None means every source")
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, OSError, ValueError) as error:
            raise ValueError(f"unknown time zone: {self.time_zone!r}") from error

    def covers(self, source: str) -> bool:
        """Whether this policy decides about archives of `source`."""
        return self.sources is None or source in self.sources

    def places(self, period: str) -> int:
        """The number of periods ("hourly", "daily", ...) of which the newest archive is kept."""
        places: int = getattr(self, period)
        return places


@dataclass(frozen=True)
class Kept:
    """An archive that stays, and all codes of `REASONS` that say why."""

    name: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class PrunePlan:
    """What stays and what goes, by file name: each archive is in one of the two; per source, oldest first."""

    keep: tuple[Kept, ...] = ()
    delete: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shrinkage:
    """Why deletion must stop: `found` bytes or rows where at least about `expected` were to be seen.

    `what` is the table for a count and "" for a size; `expected` is the count before, or the median size.
    """

    kind: Literal["size", "count"]
    what: str
    found: int
    expected: int


def plan_prune(generations: Sequence[Generation], policies: Sequence[Policy]) -> PrunePlan:
    """Divide the archives of any number of sources into those that stay and those that may be deleted.

    Only complete archives of ours that are neither safety backups nor pinned nor have failed their proof count as
    generations and take up places. Of the generations those stay that any covering policy keeps, all of a source
    that no policy covers, and the newest proved one of each source. The newest one always has a place, for
    every policy has `last` >= 1. One that has failed goes when it is older than all that a policy keeps: it is
    no replacement for anything. All others stay. Archives of the same moment are ordered by name.
    Raises ValueError when a name is listed twice, since deleting by name could then hit one that stays.
    """
    ordered = sorted(generations, key=attrgetter("source", "taken_at", "name"))
    if len({generation.name for generation in ordered}) < len(ordered):
        raise ValueError("an archive is listed twice")
    reasons: dict[str, set[str]] = {}
    for source, series in groupby(ordered, key=attrgetter("source")):
        covering = [policy for policy in policies if policy.covers(source)]
        reasons |= _reasons_to_keep(list(series), covering)
    names = [generation.name for generation in ordered]
    return PrunePlan(
        keep=tuple(Kept(name, _in_order(reasons[name])) for name in names if reasons[name]),
        delete=tuple(name for name in names if not reasons[name]),
    )


def find_shrinkage(new: Generation, earlier: Sequence[Generation]) -> Shrinkage | None:
    """Tell whether `new` is suspiciously small, so that nothing of its source may be deleted until asked.

    It is when it has less than half the median size of the last five good archives of its source in
    `earlier`, or when a core table has lost more than a fifth of the rows that the newest of these counted;
    the table with the greatest loss is named. A table that is not counted any more has lost all its rows, so
    an archive without counts after one with counts stops the deletion too. None without earlier archives.

    The caller passes what was there before `new`. Their times are not compared with that of `new`: a clock
    that was set back must not disarm this check.
    """
    good = [other for other in earlier if other.source == new.source and other.name != new.name]
    good = [other for other in good if other.is_complete and other.is_ours and not other.is_safety]
    good = [other for other in good if not other.is_failed]
    good.sort(key=attrgetter("taken_at", "name"))
    if not good:
        return None
    expected = median(other.size for other in good[-_SIZES_COMPARED:])
    if 2 * new.size < expected:
        return Shrinkage("size", "", new.size, int(expected))
    return _greatest_loss(new.core_counts, before=good[-1].core_counts)


def _reasons_to_keep(series: Sequence[Generation], policies: Sequence[Policy]) -> dict[str, set[str]]:
    """By name, the reasons to keep each archive of one source (oldest first); one without any may go."""
    reasons = {archive.name: set(_exemptions(archive)) for archive in series}
    free = [archive for archive in reversed(series) if not reasons[archive.name]]
    newest_first = [archive for archive in free if not archive.is_failed]
    for policy in policies:
        for name, reason in _places_taken(policy, newest_first):
            reasons[name].add(reason)
    for archive in _failed_that_stay(free, {name for name, found in reasons.items() if found}):
        reasons[archive.name].add("proof-failed")
    # Pinned archives are no shield here: the proof that pins one may be about to fail.
    for archive in [archive for archive in newest_first if archive.is_proved][:1]:
        reasons[archive.name].add("newest-proved")
    if not policies:
        for found in reasons.values():
            found.add("no-policy")
    return reasons


def _failed_that_stay(newest_first: Sequence[Generation], kept: Collection[str]) -> list[Generation]:
    """Archives that failed their proof, as far as they are newer than the oldest generation that a policy keeps.

    Without any such generation all of them: there is nothing better.
    """
    places = [index for index, archive in enumerate(newest_first) if archive.name in kept]
    end = places[-1] if places else len(newest_first)
    return [archive for archive in newest_first[:end] if archive.is_failed]


def _exemptions(archive: Generation) -> Iterator[str]:
    if not archive.is_complete:
        yield "incomplete"
    if not archive.is_ours:
        yield "never-verified"
    if archive.is_safety:
        yield "safety"
    if archive.is_pinned:
        yield "pinned"


def _places_taken(policy: Policy, newest_first: Sequence[Generation]) -> Iterator[tuple[str, str]]:
    """Name and reason of each generation that the policy keeps."""
    for generation in newest_first[: policy.last]:
        yield generation.name, "last"
    zone = ZoneInfo(policy.time_zone)
    for period, key_of in _PERIODS.items():
        newest: dict[Hashable, str] = {}
        for generation in newest_first:
            newest.setdefault(key_of(generation.taken_at.astimezone(zone)), generation.name)
        for name in list(newest.values())[: policy.places(period)]:
            yield name, period


def _in_order(reasons: set[str]) -> tuple[str, ...]:
    return tuple(reason for reason in REASONS if reason in reasons)


def _greatest_loss(counts: Mapping[str, int], *, before: Mapping[str, int]) -> Shrinkage | None:
    losses = [
        Shrinkage("count", table, counts.get(table, 0), expected)
        for table, expected in before.items()
        if 5 * counts.get(table, 0) < 4 * expected
    ]
    return min(losses, key=lambda loss: (loss.found / loss.expected, loss.what), default=None)
