from dataclasses import dataclass

from oobsite.errors import OobError


@dataclass(eq=False)
class NotAllowedError(OobError):
    """The role of ``user`` does not include ``permission``."""

    user: str
    permission: str
