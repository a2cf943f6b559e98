"""What error pages and error mails may show. With OOB_DEBUG too: a screenshot of the page is soon passed on."""

from __future__ import annotations

import re
from collections.abc import ItemsView
from types import FrameType
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter

_NAMES = "API|AUTH|TOKEN|KEY|SECRET|PASS|SIGNATURE|HTTP_COOKIE|PWD|DATABASE|CREDENTIAL|SESSION|COOKIE"
SHORTEST_SECRET = 6


class SecretFilter(SafeExceptionReporterFilter):
    """Hides settings and variables by their names, all of a form, and known secrets wherever they stand."""

    hidden_settings = re.compile(_NAMES, re.IGNORECASE)

    def is_active(self, request: HttpRequest | None) -> bool:
        return True

    def cleanse_setting(self, key: Any, value: Any) -> Any:
        cleansed = super().cleanse_setting(key, value)
        return self.cleansed_substitute if _holds_secret(cleansed) else cleansed

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, str]:
        """Nothing of what was typed: a password may have been typed into the wrong field."""
        return {} if request is None else dict.fromkeys(request.POST, self.cleansed_substitute)

    def get_traceback_frame_variables(self, request: Any, tb_frame: FrameType) -> ItemsView[str, Any]:
        """No variable but short harmless ones: a dict, an object or a text may contain what is secret."""
        variables = super().get_traceback_frame_variables(request, tb_frame)
        return {name: self._show(name, value) for name, value in variables}.items()

    def _show(self, name: str, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return self.cleansed_substitute if self.hidden_settings.search(name) else value
        return f"<{type(value).__name__}>"


def _holds_secret(value: object) -> bool:
    try:
        text = str(value)
    except Exception:  # whatever an object makes of itself, it is not shown
        return True
    return any(secret in text for secret in known_secrets())


def known_secrets() -> list[str]:
    """Secrets of the settings that are long enough to be told from ordinary words."""
    database = settings.DATABASES["default"]
    passwords = [settings.DBPWD, settings.OOB_BACKUP_DBPWD, settings.OOB_SMTP_PASSWORD, database.get("PASSWORD")]
    found = [settings.SECRET_KEY, *passwords]
    return [str(secret) for secret in found if secret and len(str(secret)) >= SHORTEST_SECRET]
