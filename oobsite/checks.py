"""System checks: what would keep cron from calling the watchdog is said at the start."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register
from django.utils.translation import gettext as _

from oobsite.cronjobs import is_written_plainly


@register()
def check_cron_paths(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Blanks and signs that mean something to cron or the shell would break the line in the crontab."""
    paths = (Path(sys.executable), settings.BASE_DIR, settings.OOB_DATA_DIR)
    text = _("cron cannot call the watchdog: the path %(path)s has blanks or special signs.")
    hint = _("Give the folder a plain name, then run `manage.py crontab add`.")
    return [
        Warning(text % {"path": path}, hint=hint, id="oobsite.W001") for path in paths if not is_written_plainly(path)
    ]
