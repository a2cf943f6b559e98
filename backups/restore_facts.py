"""What the screens of a restore show, as facts: no sentence and no HTML. The templates turn them into words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from backups.domain.catalog import number_of, stamp_of
from backups.facts import failures
from backups.models import DUMP_SUFFIX, BackupArchive, BackupRun, KeptData, Source
from backups.services.inplace import sources_of
from backups.services.kept import KeptRestore, journal_paths, list_kept
from backups.services.restorerequest import RestoreRequest
from backups.services.steps import Step
from certs.differences import Differences, differences_of
from oobsite.errors import printable
from selfservice.differences import FileDifferences
from selfservice.differences import differences_of as file_differences_of

_Action = BackupRun.Action
RESTORE_ACTIONS = (*BackupRun.EXCHANGES, _Action.RELEASE, _Action.RETEST)
_PROOFS_WORST_FIRST = (BackupArchive.Proof.FAILED, BackupArchive.Proof.NONE, BackupArchive.Proof.PROVED)


# --- what can be restored -----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Part:
    """One archive of a moment and what people call its source."""

    archive: BackupArchive
    title: str
    name: str


@dataclass(frozen=True)
class Moment:
    """All archives of one run that can be put back."""

    stamp: str
    parts: Sequence[Part]

    @property
    def taken_at(self) -> datetime:
        return min(part.archive.taken_at for part in self.parts)

    @property
    def number(self) -> int:
        """Which one of its minute it is, from 1."""
        return number_of(self.stamp)

    @property
    def size(self) -> int:
        return sum(part.archive.size for part in self.parts)

    @property
    def worst(self) -> BackupArchive:
        """The archive whose proof says least for the moment."""
        return min((part.archive for part in self.parts), key=lambda archive: _PROOFS_WORST_FIRST.index(archive.proof))

    @property
    def is_safety(self) -> bool:
        return any(part.archive.is_safety for part in self.parts)

    @property
    def is_complete(self) -> bool:
        """Whether each file is in the backup folder, with its size."""
        return all(part.archive.is_on_disk for part in self.parts)


def list_moments() -> list[Moment]:
    """The newest first. SQL dumps and oobsite's own data are put back in other ways."""
    titles = {source.name: str(source) for source in Source.objects.exclude(kind=Source.Kind.OWN)}
    places = list(titles)
    found: dict[str, list[Part]] = defaultdict(list)
    for archive in BackupArchive.objects.exclude(series__endswith=DUMP_SUFFIX).order_by("series"):
        stamp = stamp_of(archive.name)
        if stamp and archive.series in titles:
            found[stamp].append(Part(archive, titles[archive.series], archive.series))
    for parts in found.values():
        parts.sort(key=lambda part: places.index(part.name))
    return sorted((Moment(*item) for item in found.items()), key=lambda moment: moment.taken_at, reverse=True)


def find_moment(stamp: str) -> Moment | None:
    return next((moment for moment in list_moments() if moment.stamp == stamp), None)


# --- what an earlier restore has kept -----------------------------------------------------------------------
@dataclass(frozen=True)
class Kept:
    """What a restore has replaced and can still be put back."""

    restore: KeptRestore
    titles: Sequence[str]

    @property
    def is_tested(self) -> bool:
        return self.restore.phase == "kept"


def list_undoable() -> list[Kept]:
    """The newest first."""
    titles = {source.name: str(source) for source in Source.objects.all()}
    return [
        Kept(restore, [titles.get(name, name) for name in restore.sources])
        for restore in list_kept()
        if restore.can_undo
    ]


def find_undoable(restore_id: str) -> Kept | None:
    return next((kept for kept in list_undoable() if kept.restore.id == restore_id), None)


@dataclass(frozen=True)
class DamagedRecord:
    """A restore of which nobody can read what is in place; ``databases``: where its tables may stand."""

    created_at: datetime
    titles: Sequence[str]
    paths: Sequence[str]
    databases: Sequence[str]


def list_damaged() -> list[DamagedRecord]:
    """The newest first."""
    titles = {source.name: str(source) for source in Source.objects.all()}
    return [
        DamagedRecord(
            row.created_at,
            [titles.get(name, name) for name in row.sources],
            [printable(str(path)) for path in journal_paths(row)],
            [f"oob_{row.restore_id}", f"oob_{row.restore_id}_old"] if row.kind == KeptData.Kind.SQL else [],
        )
        for row in KeptData.objects.filter(phase=KeptData.Phase.DAMAGED)
    ]


def find_open_run() -> BackupRun | None:
    """The job that works or waits; a restore begins only when there is none."""
    return BackupRun.objects.filter(state__in=BackupRun.OPEN_STATES).order_by("-state", "requested_at").first()


# --- how far a restore is -----------------------------------------------------------------------------------
@dataclass(frozen=True)
class ShownStep:
    """A step while the run works; ``state``: done, now or later."""

    step: Step
    state: str


@dataclass(frozen=True)
class InPlaceNow:
    """Which data of each source a run has left in place: pairs of a title and a word of ``domain.restore.inplace``."""

    parts: Sequence[tuple[str, str]]

    @property
    def is_open(self) -> bool:
        """Whether recovery has to look first: nobody has written down what is in place, or an exchange is half done."""
        return not self.parts or "unfinished" in self._states

    @property
    def is_mixed(self) -> bool:
        return len(self._states) > 1

    @property
    def is_old(self) -> bool:
        return self._states == {"old"}

    @property
    def _states(self) -> set[str]:
        return {"new" if state == "untested" else state for _title, state in self.parts}


@dataclass(frozen=True)
class RestoreProgress:
    """A restore, its undoing or its release, as its page shows it."""

    run: BackupRun
    steps: Sequence[ShownStep]
    titles: Sequence[str]
    is_untouched: bool
    kept: Kept | None
    in_place: InPlaceNow

    @property
    def failures(self) -> Sequence[str]:
        return failures(self.run)

    @property
    def certificates(self) -> Differences | None:
        """What the exchange has made of the certificates that lie in the folder."""
        return differences_of(self.run.result)

    @property
    def selfservice(self) -> FileDifferences | None:
        """What it has made of the settings of the appointments."""
        return file_differences_of(self.run.result)

    @property
    def has_database(self) -> bool:
        return any(shown.step is Step.TEST for shown in self.steps)

    @property
    def can_cancel(self) -> bool:
        """Not while data change places."""
        return self.is_untouched or self.run.state == BackupRun.State.QUEUED

    @property
    def is_undo(self) -> bool:
        return self.run.action == _Action.UNDO

    @property
    def is_exchange(self) -> bool:
        """Whether data change places; a release and a test touch none."""
        return self.run.action in BackupRun.EXCHANGES

    @property
    def is_good(self) -> bool:
        return self.run.state in (BackupRun.State.DONE, BackupRun.State.WARNINGS)


def restore_progress(run: BackupRun) -> RestoreProgress:
    """How far ``run`` says it is."""
    sources = _sources_of(run)
    titles = {source.name: str(source) for source in Source.objects.all()}
    steps = _steps_of(run, sources)
    now = _ORDER.index(_step_of(run, steps))
    restore_id = run.request.get("restore", run.uid)
    return RestoreProgress(
        run=run,
        steps=[ShownStep(step, _step_state(step, now, run)) for step in steps],
        titles=[str(source) for source in sources],
        is_untouched=run.is_open and now < _ORDER.index(Step.SWAP),
        kept=find_undoable(restore_id) if not run.is_open else None,
        in_place=InPlaceNow([(titles.get(name, name), state) for name, state in _states_of(run).items()]),
    )


def _states_of(run: BackupRun) -> dict[str, str]:
    states: dict[str, str] = run.result.get("in_place", {})
    return states


def _stage(run: BackupRun) -> str:
    return str(run.progress.get("stage", ""))


def _sources_of(run: BackupRun) -> list[Source]:
    if run.action == _Action.RESTORE:
        return sources_of(run)
    if run.action == _Action.SQL_RESTORE:
        return list(Source.objects.filter(kind=Source.Kind.MARIADB))
    kept = {restore.id: restore.sources for restore in list_kept()}
    names = set(kept.get(run.request.get("restore", ""), ())) | {line.get("source") for line in run.log}
    return list(Source.objects.filter(name__in=names))


def _steps_of(run: BackupRun, sources: Sequence[Source]) -> list[Step]:
    has_database = any(source.kind == Source.Kind.MARIADB for source in sources)
    steps = [step for step in Step if step is not Step.TEST or has_database]
    if run.action == _Action.RELEASE:
        return []
    if run.action == _Action.RETEST:
        return [Step.TEST]
    if run.action == _Action.UNDO:
        return [step for step in steps if step in (Step.SWAP, Step.TEST)]
    if run.action == _Action.SQL_RESTORE:
        steps.remove(Step.PROVE)  # the check has loaded the file already
    return [step for step in steps if step is not Step.SAFETY or RestoreRequest.of(run).with_safety_backup]


_ORDER = list(Step)


def _step_of(run: BackupRun, steps: Sequence[Step]) -> Step:
    """The one that the run has said, or the first; the test belongs to the exchange, and tells itself by its stage."""
    if _stage(run) == Step.TEST:
        return Step.TEST
    said = run.progress.get("step", "")
    return Step(said) if said in _ORDER else next(iter(steps), Step.CHECK)


def _step_state(step: Step, now: int, run: BackupRun) -> str:
    if run.state == BackupRun.State.QUEUED or _ORDER.index(step) > now:
        return "later"
    return "done" if _ORDER.index(step) < now else "now"
