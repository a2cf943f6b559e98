"""What lies in the backup folder: our archives, those of the predecessor, left-overs, and files of others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from backups.domain.archive import PART_SUFFIX
from backups.domain.errors import DamagedArchiveError, FolderMissingError
from backups.domain.manifest import SIDECARS, Content, Manifest, read_manifest, read_proof

_SERIES = r"(?P<series>[a-zA-Z][a-zA-Z0-9_-]*?)"
_STAMP = r"(?P<stamp>(?P<minute>\d{4}-\d{2}-\d{2}-\d{4})(?:-\d+)?)"
_ARCHIVE_NAME = re.compile(rf"^{_SERIES}_{_STAMP}\.(?:tar|sql)\.gz$")
_LEGACY_FOLDER = re.compile(rf"^elexisbackup_{_STAMP}$")
_LEGACY_SUFFIX = ".tgz"
_LEGACY_FILE = re.compile(rf"^{_SERIES}\{_LEGACY_SUFFIX}$")
# Parts of archives and indexes bear the id of their run, those of manifests and proofs the number of their process.
_PART_NAME = re.compile(rf"^(?P<stem>.+)\.(?:(?P<run_id>[0-9a-f]{{12}})|\d+)\{PART_SUFFIX}$")


@dataclass(frozen=True)
class Listed:
    """One archive in the folder. ``name`` is relative to the folder; ``manifest`` None: not made by us."""

    name: str
    series: str
    taken_at: datetime
    size: int
    manifest: Manifest | None
    proof: dict[str, Any]

    @property
    def is_ours(self) -> bool:
        return self.manifest is not None

    @property
    def stamp(self) -> str:
        """The stamp of the run, as the name tells it."""
        return stamp_of(self.name)

    @property
    def root(self) -> str:
        """The folder in the archive that holds the data: the oldest ones of the predecessor begin at ``/``."""
        return f"mnt/{self.series}" if self.name.endswith(_LEGACY_SUFFIX) else "."

    @property
    def is_complete(self) -> bool:
        return self.manifest is None or self.manifest.content.size == self.size


def stamp_of(name: str) -> str:
    """The stamp in the name of an archive or of its folder; empty when there is none."""
    found = re.search(_STAMP, name)
    return found["stamp"] if found else ""


def series_of(name: str) -> str:
    """The series in the name of an archive, also of its part; empty when it is none."""
    found = re.match(rf"^{_SERIES}_{_STAMP}\.(?:tar|sql)\.gz", name)
    return found["series"] if found else ""


def number_of(stamp: str) -> int:
    """Which one of its minute a run was by its stamp: 1, or 2 of ``2026-11-24-0315-2``; 1 of what is no stamp."""
    found = re.fullmatch(_STAMP, stamp)
    return int(stamp.removeprefix(found["minute"]).lstrip("-") or 1) if found else 1


def archive_name(series: str, stamp: str, *, is_dump: bool = False) -> str:
    """``elexisdb``, ``2026-11-24-0315`` -> ``elexisdb_2026-11-24-0315.tar.gz``."""
    return f"{series}_{stamp}.{'sql' if is_dump else 'tar'}.gz"


def choose_stamp(backup_dir: Path, now: datetime, time_zone: str) -> str:
    """The stamp of a run: local minute, with ``-2`` and so on when any archive has it already."""
    minute = now.astimezone(ZoneInfo(time_zone)).strftime("%Y-%m-%d-%H%M")
    taken = {found["stamp"] for path in _children(backup_dir) if (found := _ARCHIVE_NAME.match(path.name))}
    stamps = [minute, *(f"{minute}-{number}" for number in range(2, len(taken) + 3))]
    return next(stamp for stamp in stamps if stamp not in taken)


def scan(backup_dir: Path, time_zone: str) -> list[Listed]:
    """List all archives, oldest first. Raises ``FolderMissingError`` when the folder cannot be listed.

    An archive whose manifest is damaged is listed without one: nobody vouches for it.
    """
    zone = ZoneInfo(time_zone)
    found = [list_archive(path, backup_dir, zone) for path in _candidates(backup_dir)]
    return sorted((item for item in found if item is not None), key=lambda item: (item.taken_at, item.name))


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise FolderMissingError(folder, error.strerror or str(error)) from error


def _candidates(backup_dir: Path) -> Iterator[Path]:
    for path in _children(backup_dir):
        if _ARCHIVE_NAME.match(path.name) and path.is_file():
            yield path
        elif _LEGACY_FOLDER.match(path.name) and path.is_dir():
            yield from (child for child in _children(path) if _LEGACY_FILE.match(child.name) and child.is_file())


def list_archive(path: Path, backup_dir: Path, zone: ZoneInfo) -> Listed | None:
    """Describe one file by its name, manifest and proof; None when it is no archive, or has just gone."""
    name = path.relative_to(backup_dir).as_posix()
    match = _ARCHIVE_NAME.match(path.name) or _LEGACY_FILE.match(path.name)
    stamp = _ARCHIVE_NAME.match(path.name) or _LEGACY_FOLDER.match(path.parent.name)
    if match is None or stamp is None:
        return None
    try:
        local = datetime.strptime(stamp["minute"], "%Y-%m-%d-%H%M").replace(tzinfo=zone)
    except ValueError:
        return None
    manifest = _manifest_or_none(path)
    taken_at = datetime.fromisoformat(manifest.started_at) if manifest else local.astimezone(UTC)
    series = manifest.series if manifest else match["series"]
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return None
    return Listed(name, series, taken_at, size, manifest, read_proof(path))


def _manifest_or_none(path: Path) -> Manifest | None:
    """A damaged manifest makes its archive one that nobody vouches for."""
    try:
        return read_manifest(path)
    except (DamagedArchiveError, OSError):
        return None


def remove_leftovers(backup_dir: Path, *, except_run: str) -> list[str]:
    """Remove parts of dead runs, and what stands beside an archive that is only a part. Only the holder of the lock
    may call this.

    A manifest whose archive is simply not there is left alone: somebody may be about to bring it back.
    """
    parts = [path for path in _children(backup_dir) if _is_part(path, except_run)]
    unpublished = [path.with_name(_stem(path)) for path in parts if _ARCHIVE_NAME.match(_stem(path))]
    sidecars = [_beside(path, suffix) for path in unpublished if not path.exists() for suffix in SIDECARS]
    # The parts go last: they are what tells the next run of the rest.
    dead = [path for path in sidecars if path.is_file()] + parts
    for path in dead:
        path.unlink(missing_ok=True)
    return [path.name for path in dead]


def _is_part(path: Path, except_run: str) -> bool:
    found = _PART_NAME.match(path.name)
    if found is None or found["run_id"] == except_run or not path.is_file():
        return False
    stems = [found["stem"].removesuffix(suffix) for suffix in ("", *SIDECARS)]
    return any(_ARCHIVE_NAME.match(stem) for stem in stems)


def _stem(part: Path) -> str:
    found = _PART_NAME.match(part.name)
    return found["stem"] if found else part.name


def _beside(archive: Path, suffix: str) -> Path:
    return archive.with_name(archive.name + suffix)


def delete_archive(path: Path, run_id: str) -> None:
    """Remove an archive and what stands beside it. It becomes a part first: a crash leaves what the next run takes."""
    part = path.with_name(f"{path.name}.{run_id}{PART_SUFFIX}")
    path.rename(part)
    for suffix in SIDECARS:
        _beside(path, suffix).unlink(missing_ok=True)
    part.unlink()


def last_content(listed: Iterable[Listed], series: str) -> Content:
    """What the newest archive of a series holds; all 0 when there is none of ours."""
    contents = [item.manifest.content for item in listed if item.series == series and item.manifest is not None]
    return contents[-1] if contents else Content(0, "", 0)
