"""Which archive is restored to which source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backups.domain.catalog import Listed
from backups.domain.errors import ArchiveMissingError, SourceUnknownError
from backups.domain.restore.errors import ArchiveUnfitError, DatabaseUnsoundError, ProofFailedError
from backups.models import DUMP_SUFFIX, Source
from backups.services import catalogue, config
from backups.services.proof import choose_archives


@dataclass(frozen=True)
class Target:
    """An archive and the source to whose folder it is restored."""

    listed: Listed
    source: Source

    @property
    def path(self) -> Path:
        return config.backup_dir() / self.listed.name

    @property
    def folder(self) -> Path:
        return self.source.folder

    @property
    def is_database(self) -> bool:
        return self.source.kind == Source.Kind.MARIADB

    @property
    def plain_bytes(self) -> int:
        """Size of what will be unpacked; 0 while only reading the archive can tell it."""
        return self.listed.manifest.content.file_bytes if self.listed.manifest else 0

    @property
    def server(self) -> Mapping[str, Any]:
        """What the manifest says of the server; the predecessor's archives have none."""
        return self.listed.manifest.server if self.listed.manifest else {}

    @property
    def counts(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """The practice's counts before and after the backup."""
        manifest = self.listed.manifest
        return (manifest.counts_before, manifest.counts_after) if manifest else ({}, {})


def archives_of_stamp(stamp: str, sources: Sequence[str] = ()) -> list[str]:
    """Names of the archives of one moment that can be restored, or of some sources.

    Raises ``ArchiveMissingError``, also when a source that is named has none.
    """
    listed = [item for item in catalogue.list_folder() if item.stamp == stamp and not item.series.endswith(DUMP_SUFFIX)]
    own = set(Source.objects.filter(kind=Source.Kind.OWN).values_list("name", flat=True))
    found = {item.series: item.name for item in listed if item.series not in own}
    missing = [name for name in sources if name not in found]
    if missing or not found:
        raise ArchiveMissingError(f"{missing[0] if missing else '*'}_{stamp}")
    return [name for series, name in found.items() if not sources or series in sources]


def choose_targets(names: Sequence[str]) -> list[Target]:
    """The archives with their sources; plain folders first, for putting one back costs nothing.

    Raises ``ArchiveMissingError``, ``SourceUnknownError``, ``ArchiveUnfitError``.
    """
    if not names:
        raise ArchiveMissingError("*")
    sources = {source.name: source for source in Source.objects.all()}
    targets = [_make_target(listed, sources) for listed in choose_archives(names)]
    doubled = [target for target in targets if sum(other.source == target.source for other in targets) > 1]
    if doubled:
        raise ArchiveUnfitError(doubled[0].listed.name, "other-source")
    return sorted(targets, key=lambda target: target.is_database)


def proof_failure(name: str, source: Source) -> ProofFailedError:
    """Why an archive of ``source`` that has failed its proof is not put in place."""
    return DatabaseUnsoundError(name) if source.kind == Source.Kind.MARIADB else ProofFailedError(name)


def _make_target(listed: Listed, sources: dict[str, Source]) -> Target:
    if listed.series.endswith(DUMP_SUFFIX):
        raise ArchiveUnfitError(listed.name, "dump")
    source = sources.get(listed.series)
    if source is None:
        raise SourceUnknownError(listed.series, sorted(sources))
    if source.kind == Source.Kind.OWN:
        raise ArchiveUnfitError(listed.name, "own")
    if listed.manifest is not None and listed.manifest.source != source.name:
        raise ArchiveUnfitError(listed.name, "other-source")
    if listed.manifest is not None and listed.manifest.kind != source.kind:
        raise ArchiveUnfitError(listed.name, "other-kind")
    return Target(listed, source)
