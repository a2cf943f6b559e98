"""What came of the last test mail and of the last look at the page, on the row of the settings."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from oobsite.errors import Notice
from selfservice.models import SelfServiceSettings


def note(pk: int, name: str, notice: Notice, *, is_open: bool = False) -> None:
    """Keep the last result of one kind, ``mail_result`` or ``page_result``, as facts."""
    facts: dict[str, Any] = {"code": notice.code, "params": dict(notice.params), "at": timezone.now().isoformat()}
    SelfServiceSettings.objects.filter(pk=pk).update(**{name: {**facts, "is_open": is_open}})
