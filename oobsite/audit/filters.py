from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from oobsite.audit.messages import GROUPS, NOBODY
from oobsite.audit.models import AuditEvent

_NOBODY_VALUE = "-"


class ActorFilter(admin.SimpleListFilter):
    title = _("who")
    parameter_name = "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        names = AuditEvent.objects.order_by("actor").values_list("actor", flat=True).distinct()
        return [(name or _NOBODY_VALUE, name or NOBODY) for name in names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        value = self.value()
        return queryset.filter(actor="" if value == _NOBODY_VALUE else value) if value else queryset


class GroupFilter(admin.SimpleListFilter):
    """Events that belong together, by the part of their code before the dot."""

    title = _("what")
    parameter_name = "what"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(group, words) for group, (words, _nouns) in GROUPS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        group = GROUPS.get(self.value() or "")
        return queryset.filter(_begins_with(group[1])) if group else queryset


def _begins_with(nouns: tuple[str, ...]) -> Q:
    matching = Q()
    for noun in nouns:
        matching |= Q(action__startswith=f"{noun}.")
    return matching
