from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from backups.domain.restore.errors import WorkerSilentError
from backups.messages import error_sentence
from selfservice import facts, services, views
from selfservice.forms import MailForm, SelfServiceForm
from selfservice.models import SelfServiceSettings

_PAGE_FIELDS = (
    "name",
    "mail",
    "address",
    "phone",
    ("agenda_area", "appointment_type"),
    ("duration_minutes", "daily_maximum"),
    "confirmation",
)


@admin.register(SelfServiceSettings)
class SelfServiceSettingsAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """One row; its list is its page. Saving writes no file: the next page shows what would change in it."""

    form = SelfServiceForm

    def get_fieldsets(self, request: HttpRequest, obj: SelfServiceSettings | None = None) -> Any:
        installed = [] if settings.OOB_WEBELEXIS_VERSION else [(_("Which Webelexis?"), {"fields": ("generation",)})]
        page = (_("The page for patients"), {"fields": _PAGE_FIELDS})
        server = (_("Mail server for the confirmations"), {"fields": (("host", "port"), "user", "password")})
        return [page, server, *installed]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return redirect("admin:selfservice_selfservicesettings_change", SelfServiceSettings.PK)

    @method_decorator(sensitive_post_parameters())
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().changeform_view(request, *args, **kwargs)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> SelfServiceSettings | None:
        """The row; before the first use what the file says."""
        if object_id != str(SelfServiceSettings.PK):
            return None
        row = SelfServiceSettings.load()
        seen = _look(request)
        if not row.is_stored and seen is not None and seen.problem is None and seen.is_there:
            services.fill(row, seen)
        return row

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row: SelfServiceSettings = context["original"]
        seen = _look(request)
        context |= views.state_context() | {
            "standing": facts.standing_of(row, seen),
            "versions": facts.versions_of(seen.fingerprint if seen else ""),
            "fingerprint": seen.fingerprint if seen else "",
            "preview": facts.preview_of_row(row),
            "mail_form": MailForm(label_suffix=""),
            "subtitle": None,
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def response_change(self, request: HttpRequest, obj: SelfServiceSettings) -> HttpResponse:
        return redirect("selfservice:change")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: SelfServiceSettings | None = None) -> bool:
        return False


def _look(request: HttpRequest) -> services.Look | None:
    """The worker is asked once a request; when it does not answer, the page says so."""
    if not hasattr(request, "settings_look"):
        try:
            request.settings_look = services.ask_look()  # type: ignore[attr-defined] # ours
        except WorkerSilentError as error:
            messages.warning(request, error_sentence(error))
            request.settings_look = None  # type: ignore[attr-defined]
    found: services.Look | None = request.settings_look  # type: ignore[attr-defined]
    return found
