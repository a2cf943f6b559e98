"""What can go wrong with the settings of the appointments, one class for each thing that a user can act on.

None of them holds a value of the file: it could be the password.
"""

from __future__ import annotations

from dataclasses import dataclass

from oobsite.errors import OobError


@dataclass(eq=False)
class SettingsRefusedError(OobError):
    """The file cannot be read or changed safely; ``line`` counts from 1, 0 is the whole file.

    ``reason``: a ``selfservice.domain.settings_js.Reason``.
    """

    reason: str
    line: int


@dataclass(eq=False)
class SettingsFileMissingError(OobError):
    """There is no file at ``path``."""

    path: str


@dataclass(eq=False)
class SettingsFolderMissingError(OobError):
    """There is no folder at ``path`` in which the file could lie."""

    path: str


@dataclass(eq=False)
class SettingsTooLargeError(OobError):
    """The file at ``path`` has ``size`` bytes, as no file of settings has."""

    path: str
    size: int


@dataclass(eq=False)
class SettingsUnreadableError(OobError):
    path: str
    reason: str


@dataclass(eq=False)
class SettingsFileIsLinkError(OobError):
    """A symbolic link, or something else that is no plain file, lies at ``path``."""

    path: str


@dataclass(eq=False)
class SettingsChangedError(OobError):
    """The file at ``path`` is not what the change was made from."""

    path: str


@dataclass(eq=False)
class SettingsOwnerError(OobError):
    """The file would not keep its owner; only a process of the user number ``uid`` may write it."""

    path: str
    uid: int


@dataclass(eq=False)
class SettingsWriteError(OobError):
    path: str
    reason: str


@dataclass(eq=False)
class SettingsNotLoadedError(OobError):
    """node does not load the file, or reads other values from it; ``line`` as node says, 0 when it does not."""

    reason: str
    line: int
