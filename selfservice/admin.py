from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from backups.domain.restore.errors import WorkerSilentError
from backups.messages import error_sentence
from selfservice import facts, services, views
from selfservice.forms import MailForm, PreviewForm, SelfServiceForm
from selfservice.models import SelfServiceSettings
from selfservice.webelexis_facts import is_asked

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
        is_open = is_asked(obj or SelfServiceSettings.load())
        installed = [(_("Which Webelexis?"), {"fields": ("generation",)})] if is_open else []
        page = (_("The page for patients"), {"fields": _PAGE_FIELDS})
        server = (_("Mail server for the confirmations"), {"fields": (("host", "port"), "user", "password")})
        return [page, server, *installed]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return redirect("admin:selfservice_selfservicesettings_change", SelfServiceSettings.PK)

    @method_decorator(sensitive_post_parameters())
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The worker is asked before Django opens the transaction of a save; nobody fills in what nobody could read."""
        if self.has_view_permission(request):
            request.settings_look = _ask_look(request)  # type: ignore[attr-defined] # ours
            is_blind = _look(request) is None and not SelfServiceSettings.load().is_stored
            if is_blind and request.method == "POST":
                return redirect(views.PAGE)
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
            "preview": _preview(context["adminform"].form, row),
            "mail_form": MailForm(label_suffix=""),
            "subtitle": None,
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def response_change(self, request: HttpRequest, obj: SelfServiceSettings) -> HttpResponse:
        """What changes comes next; a file that somebody else has changed meanwhile is settled first."""
        is_foreign = facts.standing_of(obj, _look(request)).state == "foreign"
        return redirect(views.PAGE if is_foreign else "selfservice:change")

    def save_model(self, request: HttpRequest, obj: SelfServiceSettings, form: Any, change: bool) -> None:
        """What the form has, and nothing that the worker notes on the row meanwhile."""
        obj.save(update_fields=(*form.fields, "expressions") if obj.is_stored else None)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: SelfServiceSettings | None = None) -> bool:
        return False


def _preview(form: SelfServiceForm, row: SelfServiceSettings) -> facts.PagePreview:
    """Of what was sent when that is refused; else of what is stored."""
    return facts.preview_of(PreviewForm.shown(form.data)) if form.is_bound else facts.preview_of_row(row)


def _ask_look(request: HttpRequest) -> services.Look | None:
    """When the worker does not answer, the page says so."""
    try:
        return services.ask_look()
    except WorkerSilentError as error:
        messages.warning(request, error_sentence(error))
        return None


def _look(request: HttpRequest) -> services.Look | None:
    """What the worker has answered for this page; other pages do not ask it."""
    found: services.Look | None = getattr(request, "settings_look", None)
    return found
