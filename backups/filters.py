"""Filters of the lists, in the words of the user."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from backups.models import BackupArchive, BackupRun, series_titles

State = BackupRun.State


class SeriesFilter(admin.SimpleListFilter):
    """Archives of one source, by its title."""

    title = _("source")
    parameter_name = "series"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        titles = series_titles()
        names = set(BackupArchive.objects.order_by().values_list("series", flat=True).distinct())
        known = [name for name in titles if name in names]
        return [(name, titles.get(name, name)) for name in [*known, *sorted(names - set(known))]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[BackupArchive]) -> QuerySet[BackupArchive]:
        return queryset.filter(series=self.value()) if self.value() else queryset


class ResultFilter(admin.SimpleListFilter):
    """Runs by what matters: open, well, or worth a look."""

    title = _("state")
    parameter_name = "result"
    groups = {
        "open": BackupRun.OPEN_STATES,
        "good": (State.DONE,),
        "problem": (State.WARNINGS, State.PARTIAL, State.FAILED, State.BUSY, State.INTERRUPTED),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("running or waiting")), ("good", _("done")), ("problem", _("with remarks or failed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[BackupRun]) -> QuerySet[BackupRun]:
        states = self.groups.get(self.value() or "")
        return queryset.filter(state__in=states) if states else queryset
