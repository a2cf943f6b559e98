"""Reading archives back without unpacking them; needs no lock, for it changes nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from backups.domain.errors import ArchiveMissingError, DamagedArchiveError
from backups.domain.job import Job
from backups.domain.lock import pinned
from backups.services import catalogue, config
from backups.services.proof import choose_archives, verify
from oobsite.errors import OobError


@dataclass(frozen=True)
class Verification:
    """Result for one archive; size in bytes."""

    name: str
    size: int
    entries: int = 0
    error: OobError | None = None


def verify_archives(names: Sequence[str], *, is_cancelled: Callable[[], bool]) -> Iterator[Verification]:
    """Verify archives one by one; without names all that there are. Raises ``ArchiveMissingError``."""
    listed = choose_archives(names) if names else catalogue.list_folder()
    if not listed:
        raise ArchiveMissingError("*")
    with tempfile.TemporaryDirectory() as folder:
        job = Job("verify", Path(folder), is_cancelled=is_cancelled)
        for item in listed:
            with pinned(config.backup_dir() / item.name):
                try:
                    content = verify(item, job)
                except DamagedArchiveError as error:
                    yield Verification(item.name, item.size, error=error)
                else:
                    yield Verification(item.name, item.size, content.entries)
