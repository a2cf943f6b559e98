"""Making an archive: GNU tar walks and packs, we compress and hash in the same pass, read it back, publish it.

Nothing has its final name until it is complete and checked: the file is written as a part, synced, read back to
its last byte, and renamed behind its manifest. Memory grows neither with sizes nor with the number of files.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import select
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import PIPE
from typing import IO, BinaryIO

from isal import igzip, igzip_threaded

from backups.domain.errors import DamagedArchiveError, FilesChangedError, NoSpaceError, TarError
from backups.domain.job import Job, Progress
from backups.domain.manifest import INDEX_SUFFIX, Content, Manifest, Skipped, manifest_path, write_manifest
from backups.domain.process import Streams, running_child, wait_for, wait_until_ready
from backups.domain.reading import BLOCK_BYTES, Reading, read_gz, read_tar_gz
from backups.domain.restore.journal import STAGE_PREFIX
from backups.domain.space import SPACE_ERRORS
from backups.domain.tally import tallied
from backups.domain.tarlog import DANGEROUS, UNREADABLE, parse_tar_log
from oobsite.files import ARCHIVE_MODE, sync_dir

COMPRESSION_LEVEL = 1
PART_SUFFIX = ".part"
_WRITEBACK_BYTES = 16 << 20
_TAR_OPTIONS = (
    "--create",
    "--file=-",
    "--format=posix",
    "--numeric-owner",
    # ACLs are among the extended attributes (system.posix_acl_access): with --acls tar would ask for them once more,
    # which costs a quarter of the time of small files. They come back by `tar x --xattrs --xattrs-include='*'`.
    "--xattrs",
    "--sparse",
    "--one-file-system",
    # A folder of another file system (a mount, a subvolume of btrfs) is named only by a tar that also lists all names.
    "--verbose",
    # Records of 64 KiB: fewer and larger writes to the pipe.
    "--blocking-factor=128",
    # The stage folders of restores: what they hold is not in place, or not any more.
    f"--exclude=./{STAGE_PREFIX}*",
    # Fewer bytes in front of each file, and the same bytes from the same files.
    "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime",
)


@dataclass(frozen=True)
class Target:
    """Where an archive goes and how hard we compress.

    Guesses, 0 for none: ``expected_bytes`` at its size, ``plain_bytes`` and ``entries`` at what goes into it.
    """

    path: Path
    threads: int = 2
    expected_bytes: int = 0
    plain_bytes: int = 0
    entries: int = 0

    def part(self, run_id: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{run_id}{PART_SUFFIX}")

    def index_part(self, run_id: str) -> Path:
        return self.path.with_name(f"{self.path.name}{INDEX_SUFFIX}.{run_id}{PART_SUFFIX}")


@dataclass(frozen=True)
class Packing:
    """A folder and how it is packed. ``owner``: uid and gid that all entries get, None for their own.

    ``is_database``: any file that changes, vanishes or cannot be read makes the archive worthless.
    """

    source: str
    folder: Path
    is_database: bool = False
    owner: tuple[int, int] | None = None
    exclude: Sequence[str] = ()


class HashingFile:
    """The part file: hashes and counts what is written, and says how much room is missing."""

    def __init__(self, file: BinaryIO, target: Target) -> None:
        self._file = file
        self._target = target
        self._hash = hashlib.sha256()
        self._abandoned = False
        self._sent = 0
        self.size = 0

    def write(self, data: bytes | memoryview) -> int:
        if self._abandoned:
            return len(data)
        try:
            self._write_all(memoryview(data))
        except OSError as error:
            raise self._explain(error) from error
        self._hash.update(data)
        return len(data)

    def _write_all(self, data: memoryview) -> None:
        while data:
            count = self._file.write(data)
            self.size += count
            data = data[count:]
        if self.size - self._sent >= _WRITEBACK_BYTES:
            self._start_writeback()

    def _start_writeback(self) -> None:
        """Let the disk begin while we compress: the sync at the end then waits for little."""
        os.posix_fadvise(self._file.fileno(), self._sent, self.size - self._sent, os.POSIX_FADV_DONTNEED)
        self._sent = self.size

    def _explain(self, error: OSError) -> Exception:
        if error.errno not in SPACE_ERRORS:
            return error
        missing = max(self._target.expected_bytes - self.size, BLOCK_BYTES)
        return NoSpaceError(self._target.path.parent, missing)

    def flush(self) -> None:
        return

    def abandon(self) -> None:
        """Swallow what the compressing threads still bring: the part is thrown away."""
        self._abandoned = True

    def finish(self) -> str:
        """Sync to disk and return the SHA-256 in hex."""
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._explain(error) from error
        # Out of the cache, so that reading back reads the disk.
        os.posix_fadvise(self._file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return self._hash.hexdigest()


@contextmanager
def compressed_part(target: Target, job: Job) -> Iterator[tuple[IO[bytes], HashingFile]]:
    """Open the part file for writing through the compressor; any exception removes it."""
    part = target.part(job.run_id)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, ARCHIVE_MODE)
    with remove_on_error(part), os.fdopen(descriptor, "wb", buffering=0) as raw:
        os.fchmod(descriptor, ARCHIVE_MODE)
        sink = HashingFile(raw, target)
        # Without its buffer, which would copy everything: pump() brings whole blocks.
        compressor = igzip_threaded.open(
            sink, "wb", compresslevel=COMPRESSION_LEVEL, threads=target.threads, block_size=BLOCK_BYTES
        ).detach()
        try:
            yield compressor, sink
            compressor.close()
        except BaseException:
            sink.abandon()
            # The first error counts, not what the threads say of it.
            with suppress(Exception):
                compressor.close()
            raise


@contextmanager
def remove_on_error(*paths: Path) -> Iterator[None]:
    """Remove the files when the block does not end well."""
    try:
        yield
    except BaseException:
        for path in paths:
            path.unlink(missing_ok=True)
        raise


def make_tar_command(packing: Packing, names_fd: int) -> list[str]:
    """The command that packs a folder to standard output; the names of all entries go to ``names_fd``."""
    command = ["tar", *_TAR_OPTIONS, f"--index-file=/dev/fd/{names_fd}", f"--directory={packing.folder}"]
    if packing.owner is not None:
        command += [f"--owner=+{packing.owner[0]}", f"--group=+{packing.owner[1]}"]
    return [*command, *(f"--exclude={pattern}" for pattern in packing.exclude), "."]


def pack_folder(packing: Packing, target: Target, job: Job) -> tuple[Content, list[Skipped]]:
    """Write the part file of ``target`` from a folder and return what was written and what was left out.

    Raises ``TarError``, ``FilesChangedError``, ``NoSpaceError``, ``CancelledError``.
    """
    with (
        tempfile.TemporaryFile(dir=job.work_dir) as log,
        compressed_part(target, job) as (compressor, sink),
        tallied() as names,
    ):
        begun = Progress("pack", packing.source, 0, target.plain_bytes or None, 0, target.entries or None)
        streams = Streams(stdout=PIPE, stderr=log, more=[names.writer])
        with running_child(make_tar_command(packing, names.writer), job, streams) as child:
            assert child.stdout is not None  # noqa: S101 - PIPE
            tar_bytes = pump(
                child.stdout, compressor, job, lambda done: replace(begun, done_bytes=done, done_items=names.count)
            )
            status = wait_for(child, job, timeout=60)
        compressor.close()
        sha256 = sink.finish()
        log.seek(0)
        skipped = judge_tar(packing, status, log.readlines())
    return Content(sink.size, sha256, tar_bytes), skipped


def pump(stdout: IO[bytes], compressor: IO[bytes], job: Job, describe: Callable[[int], Progress]) -> int:
    """Feed all that a child writes to the compressor in whole blocks; return the number of bytes.

    ``describe`` turns the bytes so far into progress. A child that is silent can be cancelled all the same.
    """
    descriptor = stdout.fileno()
    with suppress(OSError):  # larger than the system allows: slower, not wrong
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, BLOCK_BYTES)
    block = memoryview(bytearray(BLOCK_BYTES))
    total = 0
    while count := _fill(block, descriptor, job):
        compressor.write(block[:count])
        total += count
        job.report(describe(total))
    return total


def _fill(block: memoryview, descriptor: int, job: Job) -> int:
    """Read until ``block`` is full or the pipe has ended; return how many bytes are in it."""
    filled = 0
    while filled < len(block):
        wait_until_ready(descriptor, select.POLLIN, job)
        count = os.readv(descriptor, [block[filled:]])
        if not count:
            break
        filled += count
    return filled


def judge_tar(packing: Packing, status: int, lines: list[bytes]) -> list[Skipped]:
    """Decide from tar's status and words whether the archive is good; return what is not in it."""
    try:
        skipped = parse_tar_log(lines, packing.folder)
    except ValueError as error:
        raise TarError(packing.folder, status, str(error)) from error
    if packing.is_database:
        changed = [item.name for item in skipped if item.reason in DANGEROUS]
        if changed:
            raise FilesChangedError(packing.source, changed[:20])
    explained = status == 0 or (status == 1 and skipped) or (status == 2 and _has_unreadable(skipped))
    root_unreadable = any(item.name in ("", ".") and item.reason in UNREADABLE for item in _folders(skipped))
    if not explained or root_unreadable:
        raise TarError(packing.folder, status, lines[-1].decode(errors="replace").strip() if lines else "")
    return skipped


def _has_unreadable(skipped: Sequence[Skipped]) -> bool:
    return any(item.reason in UNREADABLE for item in skipped)


def _folders(skipped: Sequence[Skipped]) -> list[Skipped]:
    return [item for item in skipped if item.reason != "changed"]


def read_back(
    target: Target, written: Content, job: Job, *, on_block: Callable[[bytes], None] = lambda _block: None
) -> Reading:
    """Read the part file from disk, compare it with what was written, and write its index.

    A dump has no index: its text passes through ``on_block``. Raises ``DamagedArchiveError``.
    """
    part = target.part(job.run_id)
    if target.path.name.endswith(".sql.gz"):
        reading = Reading(read_gz(part, job, on_block))
    else:
        index_part = target.index_part(job.run_id)
        with remove_on_error(index_part), index_part.open("xb") as raw:
            os.fchmod(raw.fileno(), ARCHIVE_MODE)
            with closing(igzip.IGzipFile(filename="", mode="wb", compresslevel=1, fileobj=raw, mtime=0)) as index:
                reading = read_tar_gz(part, job, index=index)
            raw.flush()
            os.fsync(raw.fileno())
    found = reading.content
    if (found.size, found.sha256, found.tar_bytes) != (written.size, written.sha256, written.tar_bytes):
        raise DamagedArchiveError(part, "checksum")
    return reading


def publish(target: Target, manifest: Manifest, job: Job) -> None:
    """Give a checked part its final name: index, manifest, then the archive itself."""
    index_part = target.index_part(job.run_id)
    index = target.path.with_name(target.path.name + INDEX_SUFFIX)
    if target.path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target.path))
    try:
        if index_part.exists():
            index_part.rename(index)
        write_manifest(target.path, manifest)
        target.part(job.run_id).rename(target.path)
    except BaseException:
        if not target.path.exists():  # an interrupt may come behind the rename: then all is well
            index.unlink(missing_ok=True)
            manifest_path(target.path).unlink(missing_ok=True)
        raise
    sync_dir(target.path.parent)


def discard(target: Target, job: Job) -> None:
    """Remove the parts of an archive that will not be."""
    target.part(job.run_id).unlink(missing_ok=True)
    target.index_part(job.run_id).unlink(missing_ok=True)
