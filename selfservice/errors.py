"""What can go wrong with the page of appointments beside its file; one class for each thing that a user can act on."""

from __future__ import annotations

from dataclasses import dataclass

from oobsite.errors import OobError


@dataclass(eq=False)
class SelfServiceUnsetError(OobError):
    """Nobody has saved the settings yet."""


@dataclass(eq=False)
class SelfServiceInvalidError(OobError):
    """The stored values break rules of Webelexis, in these ``fields``."""

    fields: list[str]


@dataclass(eq=False)
class ValueUnknownError(OobError):
    """``fields`` were to stay expressions of the file, and it has none there any more."""

    fields: list[str]


@dataclass(eq=False)
class SettingsReplacedError(OobError):
    """A later order came before this one was written."""


@dataclass(eq=False)
class VersionUnknownError(OobError):
    number: int


@dataclass(eq=False)
class MailValueUnknownError(OobError):
    """``fields`` stand in the file as expressions, whose values Webelexis alone knows."""

    fields: list[str]


@dataclass(eq=False)
class ConfirmationEmptyError(OobError):
    """Without a text Webelexis sends no mail."""


@dataclass(eq=False)
class WebelexisContainerUnsetError(OobError):
    """OOB_WEBELEXIS_CONTAINER names no container that could be restarted."""
