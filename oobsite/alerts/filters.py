from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from oobsite.alerts.models import Alert


class OpenFilter(admin.SimpleListFilter):
    """Alerts that last, those that are over, and notices."""

    title = _("state")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("open")), ("no", _("over")), ("notice", _("notices"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        chosen = {
            "yes": queryset.filter(cleared_at=None),
            "no": queryset.filter(cleared_at__isnull=False, is_notice=False),
            "notice": queryset.filter(is_notice=True),
        }
        return chosen.get(self.value() or "", queryset)
