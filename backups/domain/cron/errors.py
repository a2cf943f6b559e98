"""What can be wrong with a crontab line as a whole; errors of its fields are data (``FieldError``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from oobsite.errors import EXIT_USAGE, OobError


@dataclass(eq=False)
class FieldCountError(OobError):
    """A crontab line has five fields; ``found`` is how many there were."""

    exit_code: ClassVar[int] = EXIT_USAGE
    found: int
