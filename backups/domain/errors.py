"""What can go wrong with sources, archives and the practice's database, one class for each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from oobsite.errors import EXIT_BUSY, EXIT_INTERRUPTED, EXIT_USAGE, OobError


@dataclass(eq=False)
class SourceMissingError(OobError):
    """The folder of a required source is not there, or is empty (Docker makes missing mounts so)."""

    source: str
    path: Path


@dataclass(eq=False)
class NothingToSaveError(OobError):
    """No source is switched on."""


@dataclass(eq=False)
class SourceUnknownError(OobError):
    exit_code: ClassVar[int] = EXIT_USAGE
    source: str
    known: list[str]


@dataclass(eq=False)
class ScheduleUnknownError(OobError):
    """No schedule is called ``schedule``; ``known`` are the names of those that there are."""

    exit_code: ClassVar[int] = EXIT_USAGE
    schedule: str
    known: list[str]


@dataclass(eq=False)
class SourceOverlapError(OobError):
    """A folder of a source lies in the backup folder or in another source, or the other way round."""

    first: str
    second: str


@dataclass(eq=False)
class FolderMissingError(OobError):
    """The backup folder is not there or cannot be written."""

    path: Path
    reason: str


@dataclass(eq=False)
class ToolMissingError(OobError):
    tool: str


@dataclass(eq=False)
class TarError(OobError):
    """tar ended with an error or wrote a line that nobody understands."""

    path: Path
    status: int
    line: str


@dataclass(eq=False)
class FilesChangedError(OobError):
    """Files of a database changed, vanished or could not be read while they were packed."""

    source: str
    names: list[str]


@dataclass(eq=False)
class NoSpaceError(OobError):
    """Not enough room, seen beforehand or while writing; ``missing`` is in bytes."""

    path: Path
    missing: int


@dataclass(eq=False)
class DamagedArchiveError(OobError):
    """The file is not what was written: ``reason`` is one of gzip, tar, checksum, size, content, manifest."""

    path: Path
    reason: str


@dataclass(eq=False)
class UnsafeArchiveError(OobError):
    """Entries that would be written outside the folder into which the archive is unpacked."""

    path: Path
    names: list[str]


@dataclass(eq=False)
class ArchiveTooLargeError(OobError):
    """An archive that nobody vouches for unpacks to more than ``size`` bytes, all that is free."""

    path: Path
    size: int


@dataclass(eq=False)
class TooManyFilesError(OobError):
    """More entries (``found``) than the file system has inodes (``free``)."""

    path: Path
    found: int
    free: int


@dataclass(eq=False)
class ArchiveMissingError(OobError):
    exit_code: ClassVar[int] = EXIT_USAGE
    name: str


@dataclass(eq=False)
class BusyError(OobError):
    """Somebody else holds the lock of the backup folder."""

    exit_code: ClassVar[int] = EXIT_BUSY
    holder: str
    since: str


@dataclass(eq=False)
class CancelledError(OobError):
    """The user, a signal or a time-out of the whole job ended it; everything begun was removed."""

    exit_code: ClassVar[int] = EXIT_INTERRUPTED


@dataclass(eq=False)
class TimedOutError(OobError):
    command: str
    seconds: int


@dataclass(eq=False)
class ServerUnreachableError(OobError):
    address: str
    reason: str


@dataclass(eq=False)
class LoginRefusedError(OobError):
    address: str
    user: str


@dataclass(eq=False)
class QueryFailedError(OobError):
    """The server answered a query with an error, as with a damaged table, or went away meanwhile."""

    address: str
    reason: str


@dataclass(eq=False)
class RightsMissingError(OobError):
    user: str
    rights: list[str]


@dataclass(eq=False)
class VersionMismatchError(OobError):
    """mariadb-backup cannot read the files of this server."""

    tool_version: str
    server_version: str


@dataclass(eq=False)
class ColdFormatError(OobError):
    """The private server has written a redo log that the practice's older server could not read."""

    datadir: Path
    version: str


@dataclass(eq=False)
class HotBackupError(OobError):
    """mariadb-backup failed ``tries`` times; ``line`` is its last word."""

    phase: str
    tries: int
    line: str


@dataclass(eq=False)
class DumpError(OobError):
    line: str


@dataclass(eq=False)
class DumpIncompleteError(OobError):
    """The dump holds another number of triggers, views, routines or events than the server."""

    what: str
    expected: int
    found: int


@dataclass(eq=False)
class ServerRunningError(OobError):
    """A cold copy was asked for while a server uses the files."""

    path: Path


@dataclass(eq=False)
class NetworkFolderError(OobError):
    """Locks on this file system prove nothing about a server on another machine."""

    path: Path


@dataclass(eq=False)
class ThrowawayServerError(OobError):
    """The private server of a proof did not start or died; ``line`` is from its log."""

    line: str


@dataclass(eq=False)
class OtherSeriesError(OobError):
    """The files were not closed by the server that wrote them, and only programs of its series (``version``) can open
    them: no verdict on the files."""

    version: str


@dataclass(eq=False)
class DatabaseUnreadableError(OobError):
    """Not one row of the database in an archive can be read; ``line`` is from the log of the last server tried."""

    name: str
    line: str


@dataclass(eq=False)
class OwnCopyError(OobError):
    """oobsite's own database or keys could not be copied."""

    reason: str


@dataclass(eq=False)
class RecoveryKeyMissingError(OobError):
    """Keys can only be saved wrapped, and what wraps them was never made."""


@dataclass(eq=False)
class LockLostError(OobError):
    """The lock file is not the one that we locked: somebody removed it, or the disk was changed."""

    path: Path


@dataclass(eq=False)
class FileSystemError(OobError):
    """The operating system refused something that has no class of its own."""

    path: str
    reason: str


@dataclass(eq=False)
class OwnArchiveMissingError(OobError):
    """The backup folder holds no archive of oobsite itself."""

    path: Path


@dataclass(eq=False)
class PassphraseWrongError(OobError):
    """The recovery passphrase does not open the keys of the archive."""


@dataclass(eq=False)
class OwnCopyUnfitError(OobError):
    """``name`` is missing in an archive of oobsite itself, or is not what oobsite wrote."""

    name: str


@dataclass(eq=False)
class OtherDatabaseError(OobError):
    """The archive was made on one kind of database (``expected``), this installation has another (``found``)."""

    expected: str
    found: str


@dataclass(eq=False)
class InstallationNotEmptyError(OobError):
    """There is something in this installation that ``restoreself`` would replace: ``what`` is users or tables."""

    what: str


@dataclass(eq=False)
class SelfRestoreError(OobError):
    """The database could not be put in place, or not be brought to the present schema."""

    line: str


@dataclass(eq=False)
class SelfRestoreUnfinishedError(OobError):
    """``restoreself`` was ended in its middle, and the database holds half of what was loaded."""
