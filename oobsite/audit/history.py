"""The history of an object on every page of the admin: our events, not a log that the admin writes itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

from oobsite.audit.models import AuditEvent

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Model]
else:
    _Admin = object

_PER_PAGE = 50


class AuditedAdmin(_Admin):
    """Comes before ``ModelAdmin``. The admin's own log stays empty: nothing is written twice."""

    def log_addition(self, *_args: Any, **_kwargs: Any) -> None:  # type: ignore[override]
        return None

    def log_change(self, *_args: Any, **_kwargs: Any) -> None:  # type: ignore[override]
        return None

    def log_deletions(self, *_args: Any, **_kwargs: Any) -> None:  # type: ignore[override]
        return None

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("History"),
            "object": obj,
            "opts": self.opts,
            "events": events_of(obj, request.GET.get("p", "1")),
            **(extra_context or {}),
        }
        return render(request, "admin/object_history.html", context)


def audited(admin_class: type[Any]) -> type[Any]:
    """``admin_class`` with our history; for ``OobAdminSite.register``, so that no page is forgotten."""
    if issubclass(admin_class, AuditedAdmin):
        return admin_class
    return type(admin_class.__name__, (AuditedAdmin, admin_class), {"__module__": admin_class.__module__})


def events_of(obj: Model, page: str) -> Page[AuditEvent]:
    """Events of one object, the newest first."""
    events = AuditEvent.objects.filter(object_type=obj._meta.label_lower, object_pk=str(obj.pk))
    return Paginator(events, _PER_PAGE).get_page(page)
