"""What a restore was asked to do, as its run keeps it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from backups.models import BackupRun


@dataclass(frozen=True)
class RestoreRequest:
    """Archives by name, each to the folder of its source, and what the user has agreed to.

    ``are_clients_accepted``: who is connected to the database may lose the connection. ``are_folders_idle``: the
    services that use the plain folders are stopped. ``are_old_passwords_accepted``: the accounts of the archive come
    back, also when they do not let us in.
    """

    archives: tuple[str, ...]
    with_safety_backup: bool = True
    are_clients_accepted: bool = False
    are_folders_idle: bool = False
    are_old_passwords_accepted: bool = False

    @classmethod
    def of(cls, run: BackupRun) -> RestoreRequest:
        values = {name: run.request[name] for name in cls.__dataclass_fields__ if name in run.request}
        return cls(**{**values, "archives": tuple(values.get("archives", ()))})

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "archives": list(self.archives)}


@dataclass(frozen=True)
class UndoRequest:
    """Id of the restore whose old data are put back; the agreements are those of a restore."""

    restore: str
    are_clients_accepted: bool = False
    are_folders_idle: bool = False

    @classmethod
    def of(cls, run: BackupRun) -> UndoRequest:
        return cls(**{name: run.request[name] for name in cls.__dataclass_fields__ if name in run.request})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class ReleaseRequest:
    """Id of the restore that keeps nothing any more; ``is_looked_at``: somebody has looked at data that are not tested
    and found them right."""

    restore: str
    is_looked_at: bool = False

    @classmethod
    def of(cls, run: BackupRun) -> ReleaseRequest:
        return cls(run.request.get("restore", ""), run.request.get("is_looked_at", False))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
