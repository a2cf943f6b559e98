"""Looking into archives and sending parts of them; what was sent is put on record."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import BinaryIO

from django.utils.translation import gettext

from backups.domain.browse import Listing, list_folder, search_folder
from backups.domain.catalog import Listed
from backups.domain.errors import ArchiveMissingError
from backups.domain.index import Index
from backups.domain.job import Job
from backups.domain.lock import open_pinned
from backups.domain.members import OpenArchive
from backups.domain.names import parent_of, plain_path, read_name, show_name
from backups.domain.outgoing import Sending, send_file, send_tar, send_zip
from backups.domain.restore.errors import ArchiveUnfitError
from backups.domain.selection import Selection, select
from backups.models import BackupArchive
from backups.services import catalogue, config
from backups.services.proof import choose_archives
from oobsite.accounts.actors import Actor
from oobsite.audit.chain import JSON
from oobsite.audit.services import record

_PERMISSION = "backups.download_backuparchive"
FORMATS = {"file": send_file, "tar": send_tar, "zip": send_zip}


@dataclass(frozen=True)
class Look:
    """Where somebody looks: a folder as ``show_name`` writes it, a page of it, and a part of a name to find."""

    folder: str = ""
    page: int = 1
    text: str = ""


@dataclass(frozen=True)
class Wish:
    """What somebody wants to have of an archive: paths as ``show_name`` writes them. ``format``: file, tar or zip;
    what is not one file is sent as zip instead of file."""

    paths: Sequence[str]
    format: str = "tar"


class Download:
    """Blocks on their way to a browser; until it is closed the archive is not deleted."""

    def __init__(self, file: BinaryIO, blocks: Iterator[bytes], name: str, size: int | None = None) -> None:
        self._file = file
        self._blocks = blocks
        self.name = name
        self.size = size

    def __iter__(self) -> Iterator[bytes]:
        return self._blocks

    def close(self) -> None:
        getattr(self._blocks, "close", lambda: None)()
        self._file.close()


def can_browse(archive: BackupArchive) -> bool:
    """Whether it has members: an SQL dump has none."""
    return not archive.name.endswith(".sql.gz")


def find_archive(name: str) -> BackupArchive:
    """The archive that somebody names on the command line. Raises ``ArchiveMissingError``."""
    (listed,) = choose_archives([name])
    return catalogue.record(listed)


def index_of(listed: Listed) -> Index:
    """The index of an archive. Raises ``ArchiveUnfitError`` for a dump."""
    if listed.name.endswith(".sql.gz"):
        raise ArchiveUnfitError(listed.name, "dump-content")
    return Index(config.backup_dir() / listed.name, listed.manifest.content if listed.manifest else None)


def browse(actor: Actor, archive: BackupArchive, look: Look) -> Listing:
    """A page of an archive. Raises ``NotAllowedError``, ``ArchiveMissingError`` and as ``list_folder``."""
    actor.require(_PERMISSION)
    index, folder = index_of(catalogue.list_one(archive.path)), plain_path(read_name(look.folder))
    if look.text:
        return search_folder(index, look.text, folder, look.page)
    return list_folder(index, folder, look.page)


def open_files(actor: Actor, archive: BackupArchive, wish: Wish) -> Download:
    """What is chosen, ready to be sent.

    Raises ``NotAllowedError``, ``ArchiveMissingError``, ``AuditWriteError`` and as ``select``.
    """
    actor.require(_PERMISSION)
    listed = catalogue.list_one(archive.path)
    selection = select(index_of(listed), [plain_path(read_name(path)) for path in wish.paths])
    base = _base_of(selection)
    form = wish.format if wish.format != "file" or selection.is_one_file else "zip"
    with ExitStack() as stack:
        file = stack.enter_context(_open(archive))
        details: dict[str, JSON] = {"members": selection.members, "format": form}
        record(actor, "archive.files-downloaded", archive, details)
        stack.pop_all()
    sha256 = listed.manifest.content.sha256 if listed.manifest else ""
    sending = Sending(OpenArchive(archive.path, file, sha256), selection, base, _note)
    blocks = FORMATS[form](sending, Job("download", config.work_dir()))
    is_sized = form == "file" and "file" in selection.kinds
    return Download(file, blocks, _download_name(listed, selection, form), selection.size if is_sized else None)


def _open(archive: BackupArchive) -> BinaryIO:
    try:
        return open_pinned(archive.path)
    except OSError as error:
        raise ArchiveMissingError(archive.name) from error


def _base_of(selection: Selection) -> bytes:
    """The folder in which the names of what is sent begin: the innermost that holds all that is chosen."""
    return os.path.commonpath([parent_of(path) for path in selection.paths])


def _note(names: Sequence[str]) -> tuple[str, str]:
    """A file in what is sent that tells what is not."""
    heading = gettext("These links, pipes and devices could not be sent this way; a tar holds links as well:")
    return gettext("not included.txt"), "\n".join([heading, "", *names, ""])


def _download_name(listed: Listed, selection: Selection, form: str) -> str:
    """``webelexisdata_2026-11-24-0315 Briefe.zip``; a single file keeps its name."""
    chosen = min(selection.paths) if len(selection.paths) == 1 else _base_of(selection)
    name = show_name(chosen.rpartition(b"/")[2])
    if form == "file":
        return name
    return f"{listed.series}_{listed.stamp}{' ' + name if name else ''}.{form}"
