"""What can go wrong with a restore, its undoing and its recovery, one class for each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from oobsite.errors import EXIT_BUSY, EXIT_INTERRUPTED, EXIT_USAGE, OobError


@dataclass(eq=False)
class RestoreBusyError(OobError):
    """A restore or a recovery is at work in this stage folder."""

    exit_code: ClassVar[int] = EXIT_BUSY
    path: Path


@dataclass(eq=False)
class RestoreUnknownError(OobError):
    """No data of that restore are kept, or not in the state that was asked for."""

    exit_code: ClassVar[int] = EXIT_USAGE
    path: Path
    restore_id: str


@dataclass(eq=False)
class RestoreUnfinishedError(OobError):
    """An interrupted restore has to be brought to rest by recovery first."""

    path: Path
    restore_id: str
    phase: str


@dataclass(eq=False)
class RestoreSupersededError(OobError):
    """A later restore stands on the data of this one: that one has to be undone first."""

    path: Path
    restore_id: str
    newer: str


@dataclass(eq=False)
class OrderOutdatedError(OobError):
    """Another restore has ended since this one was ordered."""


@dataclass(eq=False)
class JournalDamagedError(OobError):
    """The journal of a restore cannot be read, or is not there although data are."""

    path: Path


@dataclass(eq=False)
class StagedIncompleteError(OobError):
    """What was unpacked is no data folder of MariaDB."""

    path: Path
    names: list[str]


@dataclass(eq=False)
class KeptIncompleteError(OobError):
    """Of the old data that a restore has kept something is not there any more."""

    path: Path
    names: list[str]


@dataclass(eq=False)
class ServerNotStoppedError(OobError):
    """The server kept its files locked so long after it was asked to stop."""

    path: Path
    seconds: int


@dataclass(eq=False)
class ServerNotStartedError(OobError):
    """No server answered on the restored data in time; ``reason`` is what the last try met."""

    address: str
    seconds: int
    reason: str


@dataclass(eq=False)
class RestoredContentError(OobError):
    """The server runs on the restored data, and something is not in them."""

    problems: list[str]


@dataclass(eq=False)
class RolledBackError(OobError):
    """The start-up test failed, and the old data are live again; ``reason`` is the code of its error."""

    exit_code: ClassVar[int] = EXIT_INTERRUPTED
    path: Path
    reason: str


@dataclass(eq=False)
class NotRestartedError(RolledBackError):
    """The same because no server came up: perhaps nothing restarts it, and it is still down."""


@dataclass(eq=False)
class RollbackFailedError(OobError):
    """The start-up test failed, and the old data could not be put back; they are kept."""

    path: Path
    restore_id: str
    reason: str


@dataclass(eq=False)
class FolderInUseError(OobError):
    """Somebody wrote into a plain folder while its entries changed places."""

    path: Path
    names: list[str]


@dataclass(eq=False)
class MountInsideError(OobError):
    """Another file system or folder is mounted inside: it cannot be renamed."""

    path: Path
    names: list[str]


@dataclass(eq=False)
class FileSystemUnfitError(OobError):
    """The file system cannot do what an exchange needs; ``feature``: rename, link or inode."""

    path: Path
    feature: str


@dataclass(eq=False)
class ServerLayoutError(OobError):
    """The server keeps files outside its data folder, or links lead out of it."""

    names: list[str]


@dataclass(eq=False)
class ServerDiffersError(OobError):
    """The server is not of the kind that wrote the archive: another series or another start option."""

    what: str
    expected: str
    found: str


@dataclass(eq=False)
class OtherServerError(OobError):
    """The server that answers at the address does not work on this folder."""

    address: str
    path: Path


@dataclass(eq=False)
class ArchiveUnfitError(OobError):
    """An archive cannot be restored to the folder of its source; ``reason``: ``other-source``, ``other-kind``, ``dump``
    or ``own``."""

    name: str
    reason: str


@dataclass(eq=False)
class ClientsConnectedError(OobError):
    """Programs are connected to the database that a restore would stop, and nobody has agreed to that."""

    names: list[str]


@dataclass(eq=False)
class FoldersNotConfirmedError(OobError):
    """Nobody has said that the services which use these plain folders are stopped."""

    names: list[str]


@dataclass(eq=False)
class SafetyBackupError(OobError):
    """The present data could not be saved before a restore."""

    names: list[str]


@dataclass(eq=False)
class AccountWouldFailError(OobError):
    """With the accounts of the archive the server would not let us in; ``reason`` is a verdict on them."""

    user: str
    reason: str


@dataclass(eq=False)
class ProofFailedError(OobError):
    """An archive that was to be restored did not pass its proof."""

    name: str


@dataclass(eq=False)
class DatabaseUnsoundError(ProofFailedError):
    """The same of a database, of which what can be read may be recovered."""


@dataclass(eq=False)
class CommandFailedError(OobError):
    """A command of the user's, which starts or stops the MariaDB server, did not do it."""

    command: str
    reason: str


@dataclass(eq=False)
class EngineUnreachableError(OobError):
    """Neither a Docker engine nor a proxy for it answers at the address."""

    address: str
    reason: str


@dataclass(eq=False)
class EngineRefusesError(OobError):
    """The proxy does not let us do ``act``: inspect, stop or start."""

    address: str
    act: str


@dataclass(eq=False)
class ContainerUnknownError(OobError):
    """There is no container of that name."""

    name: str


@dataclass(eq=False)
class ContainerFailedError(OobError):
    """A container could not be stopped or started (``act``)."""

    name: str
    act: str
    reason: str


@dataclass(eq=False)
class WorkerSilentError(OobError):
    """The worker has not answered a question in time; ``seconds``: how long it was given."""

    seconds: int


@dataclass(eq=False)
class RestoredUntestedError(OobError):
    """The restored data were not tested, so what is kept of the old ones is not removed without a word."""

    path: Path
    restore_id: str
