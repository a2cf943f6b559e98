"""What can go wrong with an SQL file and with the exchange of the database that it restores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from oobsite.errors import EXIT_INTERRUPTED, EXIT_USAGE, OobError


@dataclass(eq=False)
class SqlFileMissingError(OobError):
    """There is no such SQL file, or it may not be named from here."""

    exit_code: ClassVar[int] = EXIT_USAGE
    name: str


@dataclass(eq=False)
class NotSqlError(OobError):
    """The file is something else: ``reason`` begins with ``is-`` and says what."""

    name: str
    reason: str


@dataclass(eq=False)
class SqlDamagedError(OobError):
    """The compressed file is broken or cut off."""

    name: str


@dataclass(eq=False)
class SqlWideTextError(OobError):
    """The file is UTF-16, as Windows PowerShell writes it behind ``>``."""

    name: str


@dataclass(eq=False)
class CharsetUnknownError(OobError):
    """The file does not tell its character set, and it is no UTF-8: the user has to choose one."""

    exit_code: ClassVar[int] = EXIT_USAGE
    name: str
    choices: list[str]


@dataclass(eq=False)
class CharsetWrongError(OobError):
    """What the user says of the character set cannot be true, or is none that we know."""

    exit_code: ClassVar[int] = EXIT_USAGE
    name: str
    charset: str


@dataclass(eq=False)
class SqlNotAtomicError(OobError):
    """Below MariaDB 10.6 an exchange of tables may end half done, and the whole folder cannot be exchanged instead."""


@dataclass(eq=False)
class SqlUnfinishedError(OobError):
    """The closing line is missing, and nobody has accepted that."""

    name: str


@dataclass(eq=False)
class SqlChangedError(OobError):
    """The file is not the one any more that was checked and confirmed."""

    name: str


@dataclass(eq=False)
class SqlRejectedError(OobError):
    """The private server did not take a statement; ``line`` counts from 1, 0 where it is not known."""

    line: int
    reason: str


@dataclass(eq=False)
class SqlForbiddenError(OobError):
    """A statement wants what no backup of one database needs."""

    line: int
    reason: str


@dataclass(eq=False)
class SqlOtherDatabaseError(OobError):
    """A statement leads into another database than the practice's."""

    line: int
    database: str
    expected: str


@dataclass(eq=False)
class SqlEmptyError(OobError):
    """The file was loaded, and no table came of it."""

    name: str


@dataclass(eq=False)
class PacketTooSmallError(OobError):
    """The practice's server takes no rows as long as those of the file; ``limit`` in bytes."""

    limit: int


@dataclass(eq=False)
class SqlTransferError(OobError):
    """The tables did not arrive on the practice's server as they were."""

    reason: str


@dataclass(eq=False)
class BinlogTrustError(OobError):
    """The server writes a binary log and lets only SUPER make triggers and functions."""

    names: list[str]


@dataclass(eq=False)
class TablesBusyError(OobError):
    """Somebody kept tables open so long that they could not be exchanged."""

    database: str
    seconds: int


@dataclass(eq=False)
class SqlExchangeError(OobError):
    """The server refused the exchange; the database is as it was."""

    database: str
    reason: str


@dataclass(eq=False)
class SqlRolledBackError(OobError):
    """The new tables did not pass their test, and the old ones are live again."""

    exit_code: ClassVar[int] = EXIT_INTERRUPTED
    database: str
    reason: str


@dataclass(eq=False)
class SqlUnsettledError(OobError):
    """The exchange broke in its middle, and the server does not answer: recovery ends it."""

    database: str
    restore_id: str
    reason: str


@dataclass(eq=False)
class KeptTablesMissingError(OobError):
    """Of what a restore has kept on the server something is not there any more."""

    database: str
    names: list[str]


@dataclass(eq=False)
class SqlKeptAwayError(OobError):
    """What a restore has kept lies in the data folder that a later one (``newer``) has put away."""

    database: str
    restore_id: str
    newer: str
