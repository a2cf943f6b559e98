"""The admin is the site: its index is the first screen, its pages carry the main menu."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True)
class MenuItem:
    """A point of the main menu: url name, picture, words; the permission when it is no page of a model.

    ``section``: the path under which all its pages lie, when that is more than its own.
    """

    view: str
    icon: str
    title: Promise
    permission: str = ""
    section: str = ""

    @property
    def url(self) -> str:
        return reverse(self.view)

    @property
    def root(self) -> str:
        """What is in the path of each of its pages."""
        return self.section or self.url


MENU = (
    MenuItem("admin:backups_backuparchive_changelist", "disk", _("Backups")),
    MenuItem("admin:backups_backupschedule_changelist", "clock", _("Schedules")),
    MenuItem("backups:restore", "back", pgettext_lazy("menu", "Restore"), "backups.restore_backuparchive"),
    MenuItem("admin:backups_backuprun_changelist", "log", _("Runs")),
    MenuItem("admin:backups_source_changelist", "folder", _("Sources")),
    MenuItem("admin:certs_certificate_changelist", "lock", _("Certificates"), section="/certs/"),
    MenuItem("admin:selfservice_selfservicesettings_changelist", "cal", _("Online booking")),
    MenuItem("admin:alerts_alert_changelist", "bell", _("Alerts")),
    MenuItem("admin:accounts_user_changelist", "user", _("Users")),
    MenuItem("admin:audit_auditevent_changelist", "book", _("Audit log")),
)


#: Apps whose models have pages.
OUR_APPS = ("accounts", "alerts", "audit", "backups", "certs", "selfservice")


class OobAdminSite(AdminSite):
    site_title = "oobsite"
    site_header = "oobsite"
    index_title = _("Overview")
    site_url = None
    enable_nav_sidebar = False
    empty_value_display = ""

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Models of ours only: a library's pages are side doors (that of django-q2 runs any function one types)."""
        models: Iterable[Any] = [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable
        ours = [model for model in models if model._meta.app_label in OUR_APPS]
        from oobsite.audit.history import audited  # models are not loaded when the site is made

        super().register(ours, audited(admin_class or ModelAdmin), **options)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Add the points of the menu that lead to pages this user may see."""
        context = super().each_context(request)
        allowed = {model["admin_url"] for app in context["available_apps"] for model in app["models"]}
        menu = [
            item for item in MENU if item.url in allowed or (item.permission and request.user.has_perm(item.permission))
        ]
        return {**context, "menu": menu, "practice_name": settings.OOB_PRACTICE_NAME}

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        from backups.sight import sight_of  # the models are not loaded when the site is made
        from oobsite.dashboard import build_dashboard

        dashboard = build_dashboard(timezone.now(), sight_of(request.user))
        return super().index(request, {"dashboard": dashboard, **(extra_context or {})})

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Nobody logs in by Django's own form: it knows neither the second factor nor the lock."""
        if request.user.is_authenticated:
            return redirect("admin:index")
        from allauth.account.utils import get_next_redirect_url  # models again

        return redirect_to_login(get_next_redirect_url(request) or reverse("admin:index"))

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("account_change_password")

    def password_change_done(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("mfa_index")

    def app_index(  # type: ignore[override]
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Apps are our affair, not the user's: their pages lead to the overview."""
        return redirect("admin:index")
