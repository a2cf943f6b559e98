"""Filters of the lists, in the words of the user."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
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


class _UsedFilter(admin.SimpleListFilter):
    """Runs by a word of theirs; only words that stand at some run are offered."""

    choices_of: type[models.TextChoices]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        used = set(BackupRun.objects.order_by().values_list(str(self.parameter_name), flat=True).distinct())
        return [(value, words) for value, words in self.choices_of.choices if value in used]

    def queryset(self, request: HttpRequest, queryset: QuerySet[BackupRun]) -> QuerySet[BackupRun]:
        return queryset.filter(**{str(self.parameter_name): self.value()}) if self.value() else queryset


class JobFilter(_UsedFilter):
    title = _("job")
    parameter_name = "action"
    choices_of = BackupRun.Action


class TriggerFilter(_UsedFilter):
    title = _("started")
    parameter_name = "trigger"
    choices_of = BackupRun.Trigger


class PeriodFilter(admin.SimpleListFilter):
    """Runs of the last days."""

    title = _("period")
    parameter_name = "days"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("7", _("last 7 days")), ("30", _("last 30 days")), ("365", _("last 12 months"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[BackupRun]) -> QuerySet[BackupRun]:
        known = [value for value, _words in self.lookup_choices]
        if self.value() not in known:
            return queryset
        return queryset.filter(requested_at__gte=timezone.now() - timedelta(days=int(self.value() or 0)))


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
