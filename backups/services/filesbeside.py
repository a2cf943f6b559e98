"""Restore of single files and folders of a plain folder, beside what is there now."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from backups.domain.beside import BesideOrder, place_chosen, unpack_chosen
from backups.domain.browse_errors import MemberMissingError, NothingChosenError
from backups.domain.errors import FileSystemError, FolderMissingError
from backups.domain.job import Job
from backups.domain.lock import open_pinned
from backups.domain.members import OpenArchive, read_members
from backups.domain.names import lies_within, plain_path, read_name, show_name
from backups.domain.restore.errors import ArchiveUnfitError
from backups.domain.restore.journal import STAGE_PREFIX, Kind
from backups.domain.restore.settle import restoring
from backups.domain.selection import Selection, select
from backups.models import BackupRun
from backups.services.browsing import index_of
from backups.services.filesrequest import FilesRequest
from backups.services.proof import read_safe
from backups.services.runs import Recorder, RunContext, open_run
from backups.services.targets import Target, choose_targets
from oobsite.errors import Notice


def choose_files(request: FilesRequest) -> tuple[Target, Selection]:
    """The archive with its folder, and what is chosen of it.

    Raises ``ArchiveMissingError``, ``SourceUnknownError``, ``ArchiveUnfitError`` for all but plain folders,
    ``FolderMissingError`` and as ``select``.
    """
    (target,) = choose_targets([request.archive])
    if target.is_database:
        raise ArchiveUnfitError(request.archive, "database-files")
    paths = [plain_path(read_name(path)) for path in request.paths]
    root = _root_of(target)
    if root in paths or not paths:
        raise NothingChosenError
    outside = [show_name(path) for path in paths if not lies_within(path, root) or _looks_like_ours(path, root)]
    if outside:
        raise MemberMissingError(outside)
    return target, select(index_of(target.listed), paths)


def _looks_like_ours(path: bytes, root: bytes) -> bool:
    """Whether recovery would take it for what a restore has left: no archive of ours holds such a name."""
    return path.removeprefix(root).lstrip(b"/").startswith(STAGE_PREFIX.encode())


def _root_of(target: Target) -> bytes:
    """The folder in the archive that holds the data: below the top in the oldest ones of the predecessor."""
    return plain_path(os.fsencode(target.listed.root))


def beside_label(at: datetime) -> str:
    """What stands in the names of files that were restored at this local time; the same in every language."""
    return f"restored {at:%Y-%m-%d}"


def run_files(run: BackupRun, recorder: Recorder) -> None:
    """Carry out a claimed run. ``run.result``: ``{"written": [path, …], "folder"}``, also of one that broke off."""
    with open_run(run, recorder) as context:
        target, selection = choose_files(FilesRequest.of(run))
        if not target.folder.is_dir():
            raise FolderMissingError(target.folder, "No such file or directory")
        run.stamp, run.result = target.listed.stamp, {"written": [], "folder": str(target.folder)}
        run.save(update_fields=["stamp", "result"])
        try:
            with open_pinned(target.path) as file:
                _restore(target, selection, OpenArchive(target.path, file), context)
        except OSError as error:
            raise FileSystemError(str(error.filename or target.folder), error.strerror or str(error)) from error
        run.state = BackupRun.State.DONE


def _restore(target: Target, selection: Selection, archive: OpenArchive, context: RunContext) -> None:
    run, job = context.run, context.job
    reading = read_safe(target.listed, job)
    now = timezone.localtime()
    extra = _linked_names(archive, selection, job)
    order = BesideOrder(target.path, reading, selection, beside_label(now), _root_of(target), extra)
    with restoring(target.folder, run.uid, Kind.FILES, now) as stage:
        job.enter("unpack", target.source.name)
        unpack_chosen(stage, order, job)
        context.require_lock()
        for path in place_chosen(stage, order, job):
            run.result["written"].append(show_name(path))
            run.save(update_fields=["result"])
    count = len(run.result["written"])
    context.recorder.say("info", Notice("files-restored", {"count": count, "path": str(target.folder)}))


def _linked_names(archive: OpenArchive, selection: Selection, job: Job) -> Sequence[bytes]:
    """Names in the archive of the files that chosen ones are hard links to, as far as these are not chosen."""
    if not selection.kinds.get("hardlink"):
        return ()
    links = [member for member in read_members(archive, job, selection.covers) if member.kind == "hardlink"]
    return [link.target for link in links if not selection.covers(plain_path(link.target))]
