from dataclasses import dataclass

from oobsite.errors import OobError


@dataclass(eq=False)
class AuditWriteError(OobError):
    """The record of an act cannot be written, so the act is not done. ``reason`` is the system's."""

    reason: str
