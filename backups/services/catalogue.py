"""The catalogue: rows that say what lies in the backup folder. The folder is right, always."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q

from backups.domain.catalog import Listed, list_archive, scan
from backups.domain.errors import ArchiveMissingError, DamagedArchiveError
from backups.models import BackupArchive, BackupRun
from backups.services import condition, config
from oobsite.errors import Notice

Proof = BackupArchive.Proof
_FEWEST_FOR_DOUBT = 3


@dataclass(frozen=True)
class SyncResult:
    """How many archives were found, are new, and are gone; remarks; names of those that we did not delete."""

    found: int
    added: int
    removed: int
    notices: tuple[Notice, ...] = ()
    vanished: tuple[str, ...] = ()


def list_folder() -> list[Listed]:
    """All archives in the backup folder, oldest first. Raises ``FolderMissingError``."""
    return scan(config.backup_dir(), settings.TIME_ZONE)


def list_one(path: Path) -> Listed:
    """The archive at ``path``. Raises ``ArchiveMissingError``."""
    listed = list_archive(path, config.backup_dir(), ZoneInfo(settings.TIME_ZONE)) if path.is_file() else None
    if listed is None:
        raise ArchiveMissingError(path.name)
    return listed


def sync_catalogue(*, is_forgetting: bool = False, is_told: bool = True) -> SyncResult:
    """Make the rows agree with the folder; what the user keeps for good waits for its file.

    A folder that has become empty takes no row away, and one that has lost more than half of what is known does so
    only when the caller ``is_forgetting``: more likely it is the wrong disk. One that has vanished is an alert, unless
    that is meant or not ``is_told``.
    """
    known = set(BackupArchive.objects.values_list("name", flat=True))  # first: what is written meanwhile stays
    listed = list_folder()
    names = {item.name for item in listed}
    if known and not names:
        return SyncResult(0, 0, 0, (Notice("listing-empty", {"path": str(config.backup_dir())}),))
    for item in listed:
        record(item)
    condition.tell_found(names)
    gone, added = known - names, len(names - known)
    if len(gone) >= _FEWEST_FOR_DOUBT and 2 * len(gone) > len(known) and not is_forgetting:
        notice = Notice("listing-shrunk", {"path": str(config.backup_dir()), "gone": len(gone), "known": len(known)})
        return SyncResult(len(names), added, 0, (notice,))
    for name in gone if is_forgetting else ():
        condition.tell_over(name)
    told = sorted(gone) if is_told and not is_forgetting else []
    vanished = mark_vanished(told)
    removed, _by_model = BackupArchive.objects.filter(name__in=gone, is_pinned=False).delete()
    return SyncResult(len(names), added, removed, vanished=vanished)


def mark_vanished(names: Sequence[str]) -> tuple[str, ...]:
    """Mark archives whose files are gone, and tell it; the names of those of which that is news.

    It is none of one that was bad, which somebody may have thrown away, nor of one that nobody vouched for.
    """
    vouched = BackupArchive.objects.filter(name__in=names, verified_at__isnull=False).exclude(proof=Proof.FAILED)
    news = list(vouched.order_by("series", "name"))
    for name in set(names) - {archive.name for archive in news}:
        condition.tell_over(name)
    for series, archives in groupby(news, key=attrgetter("series")):
        condition.tell_vanished([archive.name for archive in archives], series)
    for archive in news:  # last of all: what is marked is no news any more
        _mark_vanished(archive)
    return tuple(archive.name for archive in news)


def _mark_vanished(archive: BackupArchive) -> None:
    problem = Notice("archive-vanished", {"name": archive.name})
    archive.proof, archive.proof_report = Proof.FAILED, {"is_good": False, "problems": [asdict(problem)]}
    archive.save(update_fields=["proof", "proof_report"])


def record(item: Listed) -> BackupArchive:
    """Write one archive into the catalogue, and the run that its manifest names."""
    archive, _created = BackupArchive.objects.update_or_create(
        name=item.name,
        defaults={
            "series": item.series,
            "origin": BackupArchive.Origin.OWN if item.is_ours else BackupArchive.Origin.LEGACY,
            "run": _run_of(item),
            "method": item.manifest.method if item.manifest else "",
            "taken_at": item.taken_at,
            "size": item.size,
            "manifest": item.manifest.to_json() if item.manifest else {},
            "is_safety": item.manifest is not None and item.manifest.is_safety,
            **_proof_fields(item),
        },
    )
    note_verified(item.name, _verified_at(item))
    return archive


def note_verified(name: str, at: datetime | None) -> None:
    """Write down that an archive was read to its end and compared; an earlier time changes nothing."""
    if at is not None:
        known = Q(verified_at=None) | Q(verified_at__lt=at)
        BackupArchive.objects.filter(known, name=name).update(verified_at=at)


def _verified_at(item: Listed) -> datetime | None:
    """The last check that the folder tells of: the proof, or the reading back when the archive was made."""
    times = [item.manifest.ended_at] if item.manifest else []
    times += [item.proof["proved_at"]] if item.proof else []
    return max(map(datetime.fromisoformat, times), default=None)


def _proof_fields(item: Listed) -> dict[str, object]:
    if not item.is_complete:  # whatever an earlier proof has found
        damage = DamagedArchiveError(config.backup_dir() / item.name, "size").notice
        report = {"is_good": False, "problems": [asdict(damage)]}
        return {"proof": Proof.FAILED, "proof_report": report, "proved_at": None}
    if not item.proof:
        return {"proof": Proof.NONE, "proof_report": {}, "proved_at": None}
    return {
        "proof": Proof.PROVED if item.proof.get("is_good") else Proof.FAILED,
        "proof_report": item.proof,
        "proved_at": datetime.fromisoformat(item.proof["proved_at"]),
    }


def _run_of(item: Listed) -> BackupRun | None:
    if item.manifest is None:
        return None
    run, is_new = BackupRun.objects.get_or_create(
        uid=item.manifest.run_id,
        defaults={
            "trigger": item.manifest.trigger,
            "state": BackupRun.State.WARNINGS if item.manifest.warnings else BackupRun.State.DONE,
            "stamp": item.stamp,
            "started_at": item.taken_at,
            "ended_at": datetime.fromisoformat(item.manifest.ended_at).astimezone(UTC),
        },
    )
    if is_new:  # its place among the other runs is that of the time at which it ran
        BackupRun.objects.filter(pk=run.pk).update(requested_at=item.taken_at)
    return run
