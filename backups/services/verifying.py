"""Reading archives back without unpacking them; needs no lock, for it writes nothing but the marks of damaged ones."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.utils import timezone

from backups.domain.catalog import Listed
from backups.domain.errors import ArchiveMissingError, DamagedArchiveError
from backups.domain.job import Job
from backups.domain.lock import pinned
from backups.domain.mariadb.proof import ProofReport
from backups.services import catalogue, condition, config
from backups.services.proof import choose_archives, keep_report, verify
from oobsite.errors import OobError

logger = logging.getLogger(__name__)


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
    with tempfile.TemporaryDirectory() as folder, condition.telling_at_the_end():
        job = Job("verify", Path(folder), is_cancelled=is_cancelled)
        for item in listed:
            with pinned(config.backup_dir() / item.name):
                try:
                    content = verify(item, job)
                except DamagedArchiveError as error:
                    mark_damaged(item, error, is_held=True)
                    yield Verification(item.name, item.size, error=error)
                else:
                    catalogue.note_verified(item.name, timezone.now())
                    yield Verification(item.name, item.size, content.entries)


def mark_damaged(item: Listed, error: DamagedArchiveError, *, is_held: bool = False) -> None:
    """Damage is kept beside the archive, and told when it is news. A folder that is read-only hinders neither."""
    try:
        keep_report(item, ProofReport(problems=(error.notice,)))
    except OSError:
        logger.warning("%s: that it is damaged could not be written beside it", item.name, exc_info=True)
    if item.is_ours and item.proof.get("is_good") is not False:
        condition.tell_damaged(item.name, item.series, is_held=is_held)
