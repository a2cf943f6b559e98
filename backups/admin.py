from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backups.browse_facts import export_facts, outcome
from backups.facts import archive_facts, log_lines, saved_bytes
from backups.filters import JobFilter, PeriodFilter, ResultFilter, SeriesFilter, TriggerFilter
from backups.forms import SourceForm
from backups.messages import human_size
from backups.models import BackupArchive, BackupRun, Source, series_titles
from backups.progress_facts import live_context
from backups.schedule_admin import BackupScheduleAdmin
from backups.services import scheduling
from backups.sight import sight_of
from backups.views import COMMON_PAGE, find_page
from oobsite.accounts.reauth import recent_login
from oobsite.templatetags import oob

__all__ = ["BackupArchiveAdmin", "BackupRunAdmin", "BackupScheduleAdmin", "SourceAdmin"]


@admin.register(Source)
class SourceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = SourceForm
    actions = None
    list_display = ("title", "name", "kind", "path", "required_words", "active_tag")
    fieldsets = (
        (None, {"fields": ("title", "name")}),
        (_("What is backed up"), {"fields": ("kind", "path", "is_active", "is_required")}),
        (_("More"), {"fields": ("order",), "classes": ("collapse",)}),
    )

    @admin.display(description=_("required"), ordering="is_required")
    def required_words(self, source: Source) -> str:
        return gettext("required") if source.is_required else gettext("optional")

    @admin.display(description=_("state"), ordering="is_active")
    def active_tag(self, source: Source) -> SafeString:
        if source.is_pruning_stopped:
            return oob.tag("warn", gettext("old archives are kept"))
        if source.is_active:
            return oob.tag("good", gettext("is backed up"))
        return oob.tag("idle", gettext("switched off"))

    def get_fieldsets(self, request: HttpRequest, obj: Source | None = None) -> Any:
        """The question whether a small archive is right stands there only while it is open."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or not obj.is_pruning_stopped:
            return fieldsets
        return ((_("A question"), {"fields": ("is_pruning_stopped",)}), *fieldsets)

    def get_readonly_fields(self, request: HttpRequest, obj: Source | None = None) -> tuple[str, ...]:
        return ("name", "kind", "path") if _is_own(obj) else ()

    @method_decorator(recent_login)
    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().delete_view(request, *args, **kwargs)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """A schedule that chose this source alone would save everything without it."""
        *found, protected = super().get_deleted_objects(objs, request)
        text = gettext(
            "The schedule “%(schedule)s” saves nothing else. Choose another source there, or delete it first."
        )
        left = [schedule for source in objs for schedule in scheduling.schedules_left_without(source)]
        return *found, [*protected, *(text % {"schedule": schedule} for schedule in left)]

    def has_delete_permission(self, request: HttpRequest, obj: Source | None = None) -> bool:
        return not _is_own(obj) and super().has_delete_permission(request, obj)


def _is_own(source: Source | None) -> bool:
    """Whether it is the built-in source: oobsite's own database and keys."""
    return source is not None and source.kind == Source.Kind.OWN


STARTED_OR_REQUESTED = Coalesce("started_at", "requested_at")


@admin.register(BackupRun)
class BackupRunAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    actions = None
    list_display = ("when", "action", "started_by", "state_tag", "duration", "saved")
    ordering = (STARTED_OR_REQUESTED.desc(),)
    list_filter = (ResultFilter, JobFilter, TriggerFilter, PeriodFilter)
    list_select_related = ("requested_by", "schedule")
    list_per_page = 50

    @admin.display(description=_("when"), ordering=STARTED_OR_REQUESTED)
    def when(self, run: BackupRun) -> str:
        return oob.day_time(run.started_at or run.requested_at)

    @admin.display(description=_("started"), ordering="trigger")
    def started_by(self, run: BackupRun) -> str:
        return oob.started_by(run)

    @admin.display(description=_("state"), ordering="state")
    def state_tag(self, run: BackupRun) -> SafeString:
        return oob.run_tag(run)

    @admin.display(description=_("duration"), empty_value="")
    def duration(self, run: BackupRun) -> str:
        return oob.duration(run.duration_seconds)

    @admin.display(description=_("saved"), empty_value="")
    def saved(self, run: BackupRun) -> str | None:
        size = saved_bytes(run)
        return human_size(size) if size else None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: BackupRun | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: BackupRun | None = None) -> bool:
        return False

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        obj: BackupRun = context["original"]
        sight = sight_of(request.user)
        context |= live_context(obj, sight) if obj.is_open else {"run": obj, "lines": log_lines(obj, sight)}
        context |= {"archives": obj.archives.all(), "outcome": outcome(obj), "saved": saved_bytes(obj)}
        page = find_page(request, obj)
        context |= {"page_url": reverse(page, args=[obj.pk]) if page != COMMON_PAGE else ""}
        return super().render_change_form(request, context, *args, **kwargs)


@admin.register(BackupArchive)
class BackupArchiveAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    actions = None
    list_display = ("taken", "source", "size_words", "method_words", "state_tag", "proof_tag", "download")
    list_filter = (SeriesFilter, "proof")
    fields = ("is_pinned",)
    list_per_page = 50

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """The column for downloads stands there for those who may."""
        may_download = request.user.has_perm("backups.download_backuparchive")
        return self.list_display if may_download else self.list_display[:-1]

    def get_queryset(self, request: HttpRequest) -> QuerySet[BackupArchive]:
        self._titles = series_titles()
        return super().get_queryset(request)

    @admin.display(description=_("taken at"), ordering="taken_at")
    def taken(self, archive: BackupArchive) -> str:
        return oob.moment_words(archive.taken_at, archive.name)

    @admin.display(description=_("source"), ordering="series")
    def source(self, archive: BackupArchive) -> str:
        return self._titles.get(archive.series, archive.series)

    @admin.display(description=_("size"), ordering="size")
    def size_words(self, archive: BackupArchive) -> str:
        return human_size(archive.size)

    @admin.display(description=_("method"), ordering="method")
    def method_words(self, archive: BackupArchive) -> str:
        return oob.method_words(archive.method)

    @admin.display(description=_("content"))
    def state_tag(self, archive: BackupArchive) -> SafeString:
        return oob.completeness_tag(archive)

    @admin.display(description=_("proof"), ordering="proof")
    def proof_tag(self, archive: BackupArchive) -> SafeString:
        return oob.proof_tag(archive)

    @admin.display(description=_("file"))
    def download(self, archive: BackupArchive) -> SafeString:
        url = reverse("backups:archive-download", args=[archive.pk])
        words, link = gettext("Download"), '<a href="{}" title="{}">{}<span class="sr">{}</span></a>'
        return format_html(link, url, words, oob.icon("down"), words)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: BackupArchive | None = None) -> bool:
        return False

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        obj: BackupArchive = context["original"]
        context |= {"archive": obj, "facts": archive_facts(obj, sight_of(request.user)), "exports": export_facts(obj)}
        return super().render_change_form(request, context, *args, **kwargs)
