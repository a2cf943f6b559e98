"""What the screens of a restore show, as facts: no sentence and no HTML. The templates turn them into words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.utils import timezone

from backups.domain.catalog import stamp_of
from backups.models import DUMP_SUFFIX, BackupArchive, BackupRun, Source
from backups.services.kept import KeptRestore, list_kept
from backups.services.restorerequest import RestoreRequest

RESTORE_ACTIONS = (BackupRun.Action.RESTORE, BackupRun.Action.UNDO)
SILENT_AFTER = timedelta(minutes=2)
_EXCHANGE_STAGES = ("gate", "stop", "swap")
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
    found: dict[str, list[Part]] = defaultdict(list)
    for archive in BackupArchive.objects.exclude(series__endswith=DUMP_SUFFIX).order_by("series"):
        stamp = stamp_of(archive.name)
        if stamp and archive.series in titles:
            found[stamp].append(Part(archive, titles[archive.series], archive.series))
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


def find_open_run() -> BackupRun | None:
    """The job that works or waits; a restore begins only when there is none."""
    return BackupRun.objects.filter(state__in=BackupRun.OPEN_STATES).order_by("-state", "requested_at").first()


# --- how far a restore is -----------------------------------------------------------------------------------
class Step(StrEnum):
    """The steps of a restore, in their order."""

    CHECK = "check"
    SAFETY = "safety"
    STAGE = "stage"
    PROVE = "prove"
    SWAP = "swap"
    TEST = "test"


@dataclass(frozen=True)
class ShownStep:
    """A step while the run works; ``state``: done, now or later."""

    step: Step
    state: str


@dataclass(frozen=True)
class RestoreProgress:
    """A restore or its undoing, as its page shows it. Sizes in bytes; ``total_bytes`` is None when unknown."""

    run: BackupRun
    steps: Sequence[ShownStep]
    titles: Sequence[str]
    stage: str
    done_bytes: int
    total_bytes: int | None
    is_untouched: bool
    is_silent: bool
    kept: Kept | None

    @property
    def is_undo(self) -> bool:
        return self.run.action == BackupRun.Action.UNDO

    @property
    def is_good(self) -> bool:
        return self.run.state in (BackupRun.State.DONE, BackupRun.State.WARNINGS)


def restore_progress(run: BackupRun) -> RestoreProgress:
    """Read from the stage and the log of ``run`` which step it is at."""
    sources = _sources_of(run)
    steps = _steps_of(run, sources)
    now = _undo_step(run) if run.action == BackupRun.Action.UNDO else _restore_step(run)
    restore_id = run.request.get("restore", run.uid)
    return RestoreProgress(
        run=run,
        steps=[ShownStep(step, _step_state(step, now, run)) for step in steps],
        titles=[str(source) for source in sources],
        stage=_stage(run),
        done_bytes=int(run.progress.get("done_bytes") or 0),
        total_bytes=run.progress.get("total_bytes"),
        is_untouched=run.is_open and now < _ORDER.index(Step.SWAP),
        is_silent=timezone.now() - (run.heartbeat_at or run.started_at or run.requested_at) > SILENT_AFTER,
        kept=find_undoable(restore_id) if not run.is_open else None,
    )


def _stage(run: BackupRun) -> str:
    return str(run.progress.get("stage", ""))


def _codes(run: BackupRun) -> list[str]:
    return [str(line.get("code", "")) for line in run.log]


def _sources_of(run: BackupRun) -> list[Source]:
    if run.action == BackupRun.Action.UNDO:
        kept = {restore.id: restore.sources for restore in list_kept()}
        names = set(kept.get(run.request.get("restore", ""), ())) | {line.get("source") for line in run.log}
    else:
        names = set(RestoreRequest.of(run).archives)
        names = set(BackupArchive.objects.filter(name__in=names).values_list("series", flat=True))
    return list(Source.objects.filter(name__in=names))


def _steps_of(run: BackupRun, sources: Sequence[Source]) -> list[Step]:
    has_database = any(source.kind == Source.Kind.MARIADB for source in sources)
    steps = [step for step in Step if step is not Step.TEST or has_database]
    if run.action == BackupRun.Action.UNDO:
        return [step for step in steps if step in (Step.SWAP, Step.TEST)]
    return [step for step in steps if step is not Step.SAFETY or RestoreRequest.of(run).with_safety_backup]


_ORDER = list(Step)


def _undo_step(run: BackupRun) -> int:
    return _ORDER.index(Step.TEST if _stage(run) == "test" else Step.SWAP)


def _restore_step(run: BackupRun) -> int:
    """Number of the step that runs: the exchange by its stage, those before it by what the log has of them."""
    codes, count = _codes(run), len(RestoreRequest.of(run).archives)
    if _stage(run) == "test":
        return _ORDER.index(Step.TEST)
    if _stage(run) in _EXCHANGE_STAGES or any(code.startswith("restore-swapped") for code in codes):
        return _ORDER.index(Step.SWAP)
    if codes.count("restore-staged") >= count:
        return _ORDER.index(Step.PROVE)
    if {"restore-saved", "restore-without-safety"} & {*codes}:
        return _ORDER.index(Step.STAGE)
    return _ORDER.index(Step.SAFETY if codes.count("restore-checked") >= count else Step.CHECK)


def _step_state(step: Step, now: int, run: BackupRun) -> str:
    if run.state == BackupRun.State.QUEUED or _ORDER.index(step) > now:
        return "later"
    return "done" if _ORDER.index(step) < now else "now"
