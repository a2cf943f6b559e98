"""One root error, one short class for each thing that a user can act on.

An error carries facts as attributes, no sentence: logs and manifests keep its code and parameters, and each
app's ``messages.py`` turns them into a translated sentence when they are shown. This module knows no Django.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

Param = str | int | float | list[str] | None
Params = dict[str, Param]

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_WARNINGS = 3
EXIT_BUSY = 4
EXIT_INTERRUPTED = 5
EXIT_PARTIAL = 6


@dataclass(frozen=True)
class Notice:
    """Something worth saying that is no failure: a code and what fills its sentence (JSON values)."""

    code: str
    params: Mapping[str, Param]


@dataclass(eq=False)
class OobError(Exception):
    """Root of all errors of the project. Subclasses are dataclasses; their fields fill the sentence."""

    exit_code: ClassVar[int] = EXIT_FAILED

    def __str__(self) -> str:
        return f"{self.code}: {dict(self.notice.params)}"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, field.name) for field in fields(self))

    @property
    def code(self) -> str:
        """``SourceMissingError`` -> ``source-missing``."""
        name = type(self).__name__.removesuffix("Error")
        return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()

    @property
    def notice(self) -> Notice:
        return Notice(self.code, {field.name: _plain(getattr(self, field.name)) for field in fields(self)})


def _plain(value: object) -> Param:
    """Turn a field into what JSON keeps; undecodable bytes of a file name become their escapes."""
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, list | tuple):
        return [printable(str(item)) for item in value]
    return printable(str(value))


def printable(text: str) -> str:
    """Show a file name that is no UTF-8: ``b"\\xe4"`` becomes ``\\xe4``. PostgreSQL keeps no zero in a text."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").replace("\0", "\\x00")


class SettingError(Exception):
    """An environment variable whose value cannot be used. Its text is the sentence for the user."""
