"""The admin is the site: its index is the first screen, its pages carry the main menu."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class MenuItem:
    """A point of the main menu: url name, picture, words."""

    view: str
    icon: str
    title: Promise

    @property
    def url(self) -> str:
        return reverse(self.view)


MENU = (
    MenuItem("admin:backups_backuparchive_changelist", "disk", _("Backups")),
    MenuItem("admin:backups_backuprun_changelist", "log", _("Runs")),
    MenuItem("admin:backups_source_changelist", "folder", _("Sources")),
    MenuItem("admin:accounts_user_changelist", "user", _("Users")),
)


class OobAdminSite(AdminSite):
    site_title = "oobsite"
    site_header = "oobsite"
    index_title = _("Overview")
    site_url = None
    enable_nav_sidebar = False
    empty_value_display = ""

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Add the points of the menu that lead to pages this user may see."""
        context = super().each_context(request)
        allowed = {model["admin_url"] for app in context["available_apps"] for model in app["models"]}
        menu = [item for item in MENU if item.url in allowed]
        return {**context, "menu": menu, "practice_name": settings.OOB_PRACTICE_NAME}

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        from oobsite.dashboard import build_dashboard  # the models are not loaded when the site is made

        return super().index(request, {"dashboard": build_dashboard(timezone.now()), **(extra_context or {})})

    def app_index(  # type: ignore[override]
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Apps are our affair, not the user's: their pages lead to the overview."""
        return redirect("admin:index")
