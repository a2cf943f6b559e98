"""Unpacking an archive: only after every entry was judged, only the same bytes, through GNU tar."""

from __future__ import annotations

import fcntl
import os
import re
import select
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import PIPE
from typing import IO

from isal import igzip_threaded

from backups.domain.errors import DamagedArchiveError, NoSpaceError, TarError, UnsafeArchiveError
from backups.domain.job import Job, Progress
from backups.domain.process import Identity, Streams, running_child, wait_for, wait_until_ready
from backups.domain.reading import BLOCK_BYTES, GZIP_ERRORS, HashingReader, Reading
from backups.domain.space import LEAST_MISSING, tells_of_full_disk
from backups.domain.tally import tallied
from oobsite.errors import OobError
from oobsite.files import tree_size

_TAR_OPTIONS = (
    "--extract",
    "--verbose",
    "--file=-",
    # Fewer and larger reads from the pipe; what is not a multiple of it is taken all the same.
    "--blocking-factor=128",
    "--delay-directory-restore",
    "--no-wildcards",
    "--anchored",
)
_PRIVATE = ("--no-same-owner",)
# Labels of the system (security.*, trusted.*) are the machine's, not the data's. ACLs are system.posix_acl_*.
_MODES = ("--same-permissions", "--xattrs", "--xattrs-include=user.*", "--xattrs-include=system.posix_acl_*")
_OWNERS = ("--same-owner", "--numeric-owner")


@dataclass(frozen=True)
class Part:
    """Names as the archive writes them: ``members`` with all that lies in them, and ``folders`` without."""

    members: Sequence[bytes]
    folders: Sequence[bytes] = ()

    def write(self, work_dir: Path) -> list[str]:
        """Write the names for tar and return its options: there may be too many of them for a command line."""
        options = ["--null"]
        for recursion, names in (("--no-recursion", self.folders), ("--recursion", self.members)):
            path = work_dir / f"names{recursion}"
            path.write_bytes(b"".join(name + b"\0" for name in names))
            options += [recursion, f"--files-from={path}"]
        return options


@dataclass(frozen=True)
class Unpacking:
    """An archive that ``reading`` judged, and the folder of ``identity`` into which it goes.

    ``is_faithful``: modes and extended attributes come back as archived, and without an identity the owners too
    (which only root can do); else all files are private to the identity. ``part``: what to unpack when not all;
    ``phase``: how progress calls it.
    """

    archive: Path
    folder: Path
    reading: Reading
    identity: Identity | None = None
    is_faithful: bool = False
    part: Part | None = None
    phase: str = "unpack"

    @property
    def entries(self) -> int | None:
        """How many entries are unpacked, None when nobody knows."""
        return None if self.part else self.reading.content.entries or None

    @property
    def options(self) -> tuple[str, ...]:
        """What tar restores beside names and contents."""
        if not self.is_faithful:
            return _PRIVATE
        has_owners = self.identity is None and os.geteuid() == 0
        return (*_MODES, *(_OWNERS if has_owners else _PRIVATE))


def unpack(order: Unpacking, job: Job) -> None:
    """Unpack into an empty folder. Pipes and devices are left out.

    Raises ``UnsafeArchiveError``, ``DamagedArchiveError`` when the bytes are others than those judged,
    ``NoSpaceError``, ``TarError``.
    """
    if order.reading.unsafe:
        raise UnsafeArchiveError(order.archive, list(order.reading.unsafe))
    command = ["tar", *_TAR_OPTIONS, *order.options, f"--directory={order.folder}"]
    command += [f"--exclude={re.sub('/+$', '', name)}" for name in order.reading.specials]
    command += order.part.write(job.work_dir) if order.part else []
    log_path = job.work_dir / "unpack.log"
    with log_path.open("wb") as log, tallied() as names:
        streams = Streams(stdin=PIPE, stdout=names.writer, stderr=log)
        begun = Progress(order.phase, order.archive.name, 0, order.archive.stat().st_size, 0, order.entries)
        job.enter(begun.stage, begun.source, total_bytes=begun.total_bytes)
        with running_child(command, job, streams, identity=order.identity) as child:
            assert child.stdin is not None  # noqa: S101 - PIPE
            sha256 = feed_plain(
                order.archive,
                child.stdin,
                job,
                lambda done: replace(begun, done_bytes=done, done_items=names.count),
            )
            status = wait_for(child, job, timeout=600)
    if sha256 != order.reading.content.sha256:
        raise DamagedArchiveError(order.archive, "checksum")
    if status != 0:
        raise _explain(order, status, log_path.read_bytes())


def _explain(order: Unpacking, status: int, log: bytes) -> OobError:
    if tells_of_full_disk(log):
        missing = order.reading.content.file_bytes - tree_size(order.folder)
        return NoSpaceError(order.folder, max(missing, LEAST_MISSING))
    lines = log.decode(errors="replace").splitlines()
    return TarError(order.folder, status, lines[0] if lines else "")


def widen(pipe: IO[bytes]) -> None:
    """Let a pipe hold a whole block."""
    with suppress(OSError):  # larger than the system allows: slower, not wrong
        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, BLOCK_BYTES)


def write_all(block: bytes, descriptor: int, job: Job) -> None:
    """Write to a pipe whose reader may be slow or stuck: the job can be cancelled all the same."""
    os.set_blocking(descriptor, False)
    rest = memoryview(block)
    while rest:
        wait_until_ready(descriptor, select.POLLOUT, job)
        rest = rest[os.write(descriptor, rest) :]


def feed_plain(archive: Path, stdin: IO[bytes], job: Job, describe: Callable[[int], Progress]) -> str:
    """Write the decompressed archive to a child, close its input, return the SHA-256 of what was read.

    ``describe`` turns the bytes that were read into progress. Raises ``DamagedArchiveError``.
    """
    widen(stdin)
    with archive.open("rb", buffering=0) as file:
        reader = HashingReader(file)
        with closing(igzip_threaded.open(reader, "rb", block_size=BLOCK_BYTES)) as plain:
            try:
                while block := plain.read(BLOCK_BYTES):
                    write_all(block, stdin.fileno(), job)
                    job.report(describe(reader.size))
                stdin.close()
            except BrokenPipeError:
                pass  # the child has ended early: its status and log tell why
            except GZIP_ERRORS as error:
                raise DamagedArchiveError(archive, "gzip") from error
        return reader.drain()
