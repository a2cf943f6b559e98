from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.filters import DateFieldListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from oobsite.accounts.models import User
from oobsite.audit import views
from oobsite.audit.filters import ActorFilter, GroupFilter
from oobsite.audit.messages import action_words, matching_actions
from oobsite.audit.models import AuditEvent
from oobsite.audit.showing import object_url, shown_changes, summary, who
from oobsite.audit.verifying import glance

_DETAILS_LENGTH = 120


def _about_user(login: str) -> Q:
    """Events about users show their names; people also look for the name that is typed at the login."""
    users = User.objects.filter(username__icontains=login).values_list("pk", flat=True)
    return Q(object_type=User._meta.label_lower, object_pk__in=[str(pk) for pk in users])


@admin.register(AuditEvent)
class AuditEventAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Nothing here changes an event: it is read, checked and exported."""

    actions = None
    list_display = ("when", "who", "what", "about", "ip")
    list_display_links = ("what",)
    list_filter = (GroupFilter, ("happened_at", DateFieldListFilter), ActorFilter)
    list_per_page = 50
    search_fields = ("actor", "object_label", "changes_json", "ip")
    show_full_result_count = False

    @admin.display(description=_("when"), ordering="number")
    def when(self, event: AuditEvent) -> str:
        return date_format(timezone.localtime(event.happened_at), "DATETIME_FORMAT")

    @admin.display(description=_("who"), ordering="actor")
    def who(self, event: AuditEvent) -> str:
        return who(event)

    @admin.display(description=_("what"), ordering="action")
    def what(self, event: AuditEvent) -> str:
        return action_words(event.action)

    @admin.display(description=_("object"), ordering="object_label")
    def about(self, event: AuditEvent) -> SafeString:
        details = Truncator(summary(event)).chars(_DETAILS_LENGTH)
        line_break = mark_safe("<br>") if event.object_label and details else ""
        return format_html("{}{}<small>{}</small>", event.object_label, line_break, details)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEvent], search_term: str
    ) -> tuple[QuerySet[AuditEvent], bool]:
        """Also find events by the words that are shown for them."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if search_term:
            found |= queryset.filter(_about_user(search_term))
        actions = matching_actions(search_term) if search_term else []
        return (found | queryset.filter(Q(action__in=actions)) if actions else found), may_repeat

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("verify/", wrap(views.verify_chain), name="audit_auditevent_verify"),
            path("export/", wrap(views.export(self)), name="audit_auditevent_export"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"verdict": glance(), **(extra_context or {})})

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        event: AuditEvent = context["original"]
        context |= {"title": action_words(event.action), "subtitle": None}  # the title of the window
        context |= {"event": event, "changes": shown_changes(event), "object_url": object_url(event, self.admin_site)}
        return super().render_change_form(request, context, *args, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        return False
