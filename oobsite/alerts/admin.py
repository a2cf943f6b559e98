from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oobsite.accounts.reauth import recent_login
from oobsite.alerts import facts, views
from oobsite.alerts.checks import sends_plain_mail
from oobsite.alerts.filters import OpenFilter
from oobsite.alerts.forms import ChannelForm, MailSettingsForm
from oobsite.alerts.models import Alert, AlertChannel, MailSettings
from oobsite.templatetags import oob


@admin.register(Alert)
class AlertAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Open ones first. Nothing here changes an alert but the button that marks it as done."""

    actions = None
    list_display = ("what", "since", "told", "state_tag")
    list_filter = (OpenFilter, "level")
    list_per_page = 50
    show_full_result_count = False

    @admin.display(description=_("alert"))
    def what(self, alert: Alert) -> str:
        return str(alert)

    @admin.display(description=_("since"), ordering="first_at")
    def since(self, alert: Alert) -> SafeString:
        count = gettext("%(count)d times") % {"count": alert.count} if alert.count > 1 else ""
        line_break = format_html("<br><small>{}</small>", count) if count else ""
        return format_html("{}{}", oob.day_time(alert.first_at), line_break)

    @admin.display(description=_("told at"), ordering="last_told_at")
    def told(self, alert: Alert) -> str:
        return oob.day_time(alert.last_told_at) if alert.last_told_at else gettext("nobody")

    @admin.display(description=_("state"), ordering="cleared_at")
    def state_tag(self, alert: Alert) -> SafeString:
        if alert.is_notice:
            return oob.tag("bad" if alert.level == Alert.Level.ERROR else "idle", gettext("notice"))
        if not alert.is_open:
            return oob.tag("good", gettext("over"))
        return oob.tag(facts.alert_facts(alert).level, gettext("open"))

    def get_urls(self) -> list[URLPattern]:
        dismiss = self.admin_site.admin_view(views.alert_dismiss)
        return [path("<int:pk>/dismiss/", dismiss, name="alerts_alert_dismiss"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"channels": facts.channel_facts(), **(extra_context or {})})

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        alert: Alert = context["original"]
        context |= {"facts": facts.alert_facts(alert), "deliveries": facts.deliveries_of(alert), "subtitle": None}
        return super().render_change_form(request, context, *args, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Alert | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Alert | None = None) -> bool:
        return False


@admin.register(AlertChannel)
class AlertChannelAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = ChannelForm
    actions = None
    fieldsets = (
        (None, {"fields": ("name", "kind", "addresses", "url", "is_active")}),
        (
            _("A message comes when"),
            {"fields": ("on_failure", "on_missed", "on_warning", "on_recovery", "on_summary", "on_success")},
        ),
    )

    def get_urls(self) -> list[URLPattern]:
        test = self.admin_site.admin_view(views.channel_test)
        return [path("<int:pk>/test/", test, name="alerts_alertchannel_test"), *super().get_urls()]

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: AlertChannel | None = None,
    ) -> HttpResponse:
        if obj is not None:
            context |= {"channel": facts.facts_of(obj), "subtitle": None}
        return super().render_change_form(request, context, add, change, form_url, obj)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The page of the alerts lists them, with what each lacks and a button for a test."""
        return redirect("admin:alerts_alert_changelist")

    @method_decorator(recent_login)
    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().delete_view(request, *args, **kwargs)


@admin.register(MailSettings)
class MailSettingsAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """One row; its list is its page."""

    form = MailSettingsForm
    fieldsets = (
        (None, {"fields": ("host", ("security", "port"), "sender")}),
        (_("Login"), {"fields": ("user", "password")}),
    )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return redirect("admin:alerts_mailsettings_change", MailSettings.PK)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> MailSettings | None:
        """The row may not be stored yet; there is no other."""
        return MailSettings.load() if object_id == str(MailSettings.PK) else None

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context |= {"is_plain": sends_plain_mail(), "subtitle": None}
        return super().render_change_form(request, context, *args, **kwargs)

    def response_change(self, request: HttpRequest, obj: MailSettings) -> HttpResponse:
        super().response_change(request, obj)
        return redirect("admin:alerts_alert_changelist")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: MailSettings | None = None) -> bool:
        return False
