"""Older archives are checked in turn: read to their last byte and compared, and those of databases proved again.

The check gives way to every other job: as soon as one waits it ends, and goes on behind it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone

from backups.domain.catalog import Listed
from backups.domain.errors import ArchiveMissingError, CancelledError, LockLostError, NoSpaceError
from backups.domain.turn import Candidate, fits, in_turn
from backups.models import BackupArchive, BackupRun
from backups.services import catalogue, condition, config, proof
from backups.services.runs import Recorder, RunContext, open_run
from oobsite import alerts
from oobsite.errors import Notice, OobError

_POLL_SECONDS = 1.0
_DATABASE_METHODS = ("hot", "cold", "dump")
ALL_MISSING = "archives-missing"
Proof = BackupArchive.Proof
State = BackupRun.State


@dataclass(frozen=True)
class TurnRequest:
    """Check archives whose last check is older than ``before``; begin none that would not end by ``until``.

    ``longest_seconds``: what takes longer finds no room in any night, and that is said; 0: nothing does.
    """

    before: datetime
    until: datetime | None = None
    longest_seconds: float = 0.0

    @classmethod
    def of(cls, run: BackupRun) -> TurnRequest:
        values = run.request
        until = datetime.fromisoformat(values["until"]) if values.get("until") else None
        return cls(datetime.fromisoformat(values["before"]), until, float(values.get("longest_seconds", 0)))

    def to_json(self) -> dict[str, Any]:
        until = self.until.isoformat() if self.until else None
        return {"before": self.before.isoformat(), "until": until, "longest_seconds": self.longest_seconds}

    def is_too_long(self, candidate: Candidate) -> bool:
        return 0 < self.longest_seconds < candidate.seconds

    def part_of(self, candidate: Candidate) -> Candidate:
        """What of its check finds room in a night: of a large database perhaps the reading alone."""
        reads_only = candidate.database_bytes > 0 and self.is_too_long(candidate)
        return replace(candidate, is_read_only=True) if reads_only else candidate

    def has_turn(self, candidate: Candidate, now: datetime) -> bool:
        """Whether something is done or said about it now."""
        part = self.part_of(candidate)
        return fits(part, now, self.until) or self.is_too_long(part)


@dataclass
class _Turn:
    """A run at work. ``tried`` names what has had its turn, also when a check ends the whole process.

    ``is_doubtful``: hardly anything is there any more, as after a change of the disk; no single archive has vanished.
    """

    context: RunContext
    request: TurnRequest
    is_doubtful: bool = False
    tried: list[str] = field(default_factory=list)
    is_yielding: bool = False
    is_cancelled: bool = False
    _asked_at: float = 0.0

    def is_over(self) -> bool:
        """Whether somebody cancels, or another job waits; asked once a second at most."""
        self.is_cancelled = self.is_cancelled or self.context.recorder.is_cancelled()
        if not self.is_yielding and time.monotonic() - self._asked_at >= _POLL_SECONDS:
            self._asked_at = time.monotonic()
            self.is_yielding = others_wait(self.context.run)
        return self.is_cancelled or self.is_yielding

    def begin(self, name: str) -> None:
        self.tried.append(name)
        self._save()

    def take_back(self, name: str) -> None:
        self.tried.remove(name)
        self._save()

    def _save(self) -> None:
        self.context.run.result = {"tried": self.tried}
        self.context.run.save(update_fields=["result"])


def others_wait(run: BackupRun) -> bool:
    """Whether another job is queued, or has begun and waits for the lock that we hold. Two checks wait for nothing."""
    open_runs = BackupRun.objects.filter(state__in=BackupRun.OPEN_STATES)
    return open_runs.exclude(pk=run.pk).exclude(action=BackupRun.Action.VERIFY).exists()


def due_candidates(before: datetime) -> list[Candidate]:
    """Archives whose last check is older, the oldest first.

    Not those of the predecessor that nobody has found good: nobody can tell what they should hold. Once an archive of
    ours, always one: its manifest may be what is damaged.
    """
    vouched = Q(origin=BackupArchive.Origin.OWN) | Q(verified_at__isnull=False) & ~Q(proof=Proof.FAILED)
    due = BackupArchive.objects.filter(vouched).filter(Q(verified_at=None) | Q(verified_at__lt=before))
    return in_turn([_to_candidate(archive) for archive in due])


def _to_candidate(archive: BackupArchive) -> Candidate:
    content = archive.manifest.get("content", {})
    is_database = archive.method in _DATABASE_METHODS
    return Candidate(
        archive.name,
        archive.series,
        archive.verified_at,
        archive.size,
        int(content.get("tar_bytes", archive.size)) if is_database else 0,
        float(archive.proof_report.get("seconds") or 0),
    )


def run_verify(run: BackupRun, recorder: Recorder) -> list[dict[str, Any]]:
    """Check what is due, as a claimed run asks for; one report for each archive that was checked."""
    with open_run(run, recorder) as context, condition.telling_at_the_end():
        turn = _Turn(context, TurnRequest.of(run), is_doubtful=_take_stock(context))
        reports = _check_all(turn)
        recorder.say("info", _summary(turn, len(reports)))
        bad = sum(not report["is_good"] for report in reports)
        run.state = _judge(len(reports), bad, recorder.levels)
    return reports


def _judge(total: int, bad: int, levels: set[str]) -> State:
    if bad or "error" in levels:
        return State.FAILED if 0 < bad == total else State.PARTIAL
    return State.WARNINGS if "warning" in levels else State.DONE


def _take_stock(context: RunContext) -> bool:
    """Compare catalogue and folder; whether hardly anything is there any more, which is told as one alert."""
    synced = catalogue.sync_catalogue()
    for name in synced.vanished:
        context.recorder.say("error", Notice("archive-vanished", {"name": name}))
    for notice in synced.notices:
        context.recorder.say("warning", notice)
    if synced.notices:
        alerts.raise_alert(ALL_MISSING, code="archives-missing")
    else:
        alerts.clear_alert(ALL_MISSING)
    return bool(synced.notices)


def _check_all(turn: _Turn) -> list[dict[str, Any]]:
    reports = []
    for candidate in map(turn.request.part_of, due_candidates(turn.request.before)):
        if turn.is_over():
            break
        if turn.is_doubtful and not (config.backup_dir() / candidate.name).is_file():
            turn.begin(candidate.name)
        elif fits(candidate, timezone.now(), turn.request.until):
            reports += _have_turn(candidate, turn)
        elif turn.request.is_too_long(candidate):
            turn.begin(candidate.name)
            turn.context.recorder.say("warning", Notice("verify-too-long", {"name": candidate.name}), candidate.series)
    if turn.is_cancelled:
        raise CancelledError
    return reports


def _have_turn(candidate: Candidate, turn: _Turn) -> list[dict[str, Any]]:
    """Check one archive; nothing when it was not judged, because it has vanished, something hinders us or we yield."""
    name, say = candidate.name, turn.context.recorder.say
    turn.begin(name)
    try:
        return [_check(candidate, turn)]
    except CancelledError:
        turn.take_back(name)
        if turn.is_cancelled:
            raise
    except LockLostError:
        raise
    except ArchiveMissingError:
        turn.context.require_lock()  # with another disk in its place nothing has vanished
        say("error", Notice("archive-vanished", {"name": name}), candidate.series)
        catalogue.mark_vanished([name])
    except OobError as error:
        say("warning", error.notice, candidate.series)
    except OSError as error:
        say("warning", proof.explain(error, name).notice, candidate.series)
    return []


def _check(candidate: Candidate, turn: _Turn) -> dict[str, Any]:
    """Raises ``ArchiveMissingError`` when it is not there, and whatever keeps it from being judged."""
    listed = catalogue.list_one(config.backup_dir() / candidate.name)
    context = replace(turn.context, job=replace(turn.context.job, is_cancelled=turn.is_over))
    obstacle = _obstacle(candidate, listed)
    report = proof.verify_only(listed, context, obstacle) if obstacle else proof.prove(listed, context)
    if not report["is_good"] and listed.proof.get("is_good") is not False:
        condition.tell_damaged(listed.name, listed.series, is_held=True)
    return report


def _obstacle(candidate: Candidate, listed: Listed) -> Notice | None:
    """Why a database is read and compared, and not started."""
    if candidate.is_read_only:
        return Notice("verify-read-only", {"name": listed.name})
    missing = _missing_room(listed)
    return Notice("archive-verified-only", {"name": listed.name, "missing": missing}) if missing else None


def _missing_room(listed: Listed) -> int:
    """So many bytes are missing for a private copy of a database; 0 when it has room, or none is needed."""
    if not proof.is_database(listed) or listed.manifest is None:
        return 0
    try:
        proof.require_room(listed.manifest.content)
    except NoSpaceError as error:
        return error.missing
    return 0


def _summary(turn: _Turn, count: int) -> Notice:
    if turn.is_yielding:
        return Notice("verify-yielded", {"count": count})
    left = [item for item in due_candidates(turn.request.before) if item.name not in turn.tried]
    code = "verify-time-up" if left else "verify-done"
    return Notice(code, {"count": count, "left": len(left)} if left else {"count": count})
