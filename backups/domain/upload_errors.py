"""What can go wrong with an upload, one class for each."""

from __future__ import annotations

from dataclasses import dataclass

from oobsite.errors import OobError


@dataclass(eq=False)
class UploadMissingError(OobError):
    """There is no such upload, or its bytes are gone."""


@dataclass(eq=False)
class UploadConflictError(OobError):
    """Bytes were sent for ``offset``, but ``found`` are there: another request has gone on with the upload."""

    offset: int
    found: int


@dataclass(eq=False)
class UploadOverrunError(OobError):
    """More bytes came than the upload was announced with."""


@dataclass(eq=False)
class UploadTooLargeError(OobError):
    """The file is larger than what may be uploaded at all, ``size`` bytes."""

    size: int


@dataclass(eq=False)
class UploadNoRoomError(OobError):
    """The disk cannot take the file; about ``missing`` bytes are missing."""

    missing: int


@dataclass(eq=False)
class SqlFileInUseError(OobError):
    """A run that waits or works uses the SQL file, so it is not deleted."""

    name: str
