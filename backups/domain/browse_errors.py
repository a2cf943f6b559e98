"""What can hinder looking into an archive and bringing back parts of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from oobsite.errors import EXIT_USAGE, OobError


@dataclass(eq=False)
class IndexMissingError(OobError):
    """Nobody has written the list of an archive's contents yet."""

    name: str


@dataclass(eq=False)
class IndexDamagedError(OobError):
    """The list of an archive's contents is not what the manifest says."""

    name: str


@dataclass(eq=False)
class MemberMissingError(OobError):
    """These files or folders are not in the archive."""

    exit_code: ClassVar[int] = EXIT_USAGE
    names: list[str]


@dataclass(eq=False)
class NothingChosenError(OobError):
    """No file and no folder was chosen."""

    exit_code: ClassVar[int] = EXIT_USAGE


@dataclass(eq=False)
class PlaceBlockedError(OobError):
    """In the live folder something else than a folder stands on the way to the place of a file, such as a link."""

    path: Path
    name: str


@dataclass(eq=False)
class TableMissingError(OobError):
    """The database in the archive has no such table."""

    exit_code: ClassVar[int] = EXIT_USAGE
    table: str
    names: list[str]


@dataclass(eq=False)
class ExportStartError(OobError):
    """No server starts on the data of an archive, so nothing can be exported."""

    name: str
    line: str
