from __future__ import annotations

from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.text import capfirst, format_lazy
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from oobsite.accounts.actors import actor_of
from oobsite.accounts.guards import staff_with
from oobsite.accounts.lockout import locked_until
from oobsite.accounts.models import User
from oobsite.accounts.reauth import RecentLoginAdminMixin, recent_login
from oobsite.accounts.secondfactor import REQUIRED_FOR, has_second_factor, remove_second_factor
from oobsite.accounts.services import lift_lock
from oobsite.templatetags import oob


@require_POST
@staff_with("accounts.change_user")
@recent_login
def unlock(request: HttpRequest, pk: int) -> HttpResponse:
    """For somebody who has mistyped too often."""
    user = get_object_or_404(User, pk=pk)
    if lift_lock(actor_of(request), user):
        messages.success(request, gettext("%(user)s may try to log in again at once.") % {"user": user})
    else:
        messages.warning(request, gettext("%(user)s is not locked after failed logins.") % {"user": user})
    return redirect("admin:accounts_user_change", pk)


@require_http_methods(["GET", "POST"])
@staff_with("accounts.change_user")
@recent_login
def reset_second_factor(request: HttpRequest, pk: int) -> HttpResponse:
    """For somebody who has lost phone and recovery codes; GET asks whether that is meant."""
    user = get_object_or_404(User, pk=pk)
    if user == request.user:
        raise PermissionDenied
    if request.method == "GET":
        context = {**admin.site.each_context(request), "title": gettext("Remove the second factor"), "original": user}
        return render(request, "admin/accounts/user/second_factor.html", context)
    if remove_second_factor(actor_of(request), user):
        messages.success(request, gettext("%(user)s sets up a second factor at the next login.") % {"user": user})
    else:
        messages.warning(request, gettext("%(user)s has no second factor.") % {"user": user})
    return redirect("admin:accounts_user_change", pk)


ROLE_HELP = format_lazy(
    "{}<br>{}<br>{}",
    _("Owner: everything, also restores, downloads and users."),
    _("Support: backups, test restores and settings; no restore, no users."),
    _("Reader: looks at everything but users, and changes nothing."),
)


def lock_words(until: datetime) -> str:
    return gettext("locked until %(time)s") % {"time": date_format(timezone.localtime(until), "TIME_FORMAT")}


def without(lines: list[Any], beginning: str) -> list[Any]:
    """``lines``, a list with lists in it, less the texts with this beginning."""
    kept = [line for line in lines if isinstance(line, list) or not str(line).startswith(beginning)]
    return [without(line, beginning) if isinstance(line, list) else line for line in kept]


@admin.register(User)
class UserAdmin(RecentLoginAdminMixin, DjangoUserAdmin):  # type: ignore[type-arg]
    """Only owners have these permissions: who may change users could give every right to himself."""

    actions = None
    list_display = ("username", "full_name", "role", "last_login", "factor_tag", "active_tag")
    list_filter = ("role", "is_active")
    filter_horizontal = ()
    search_fields = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username",)}),
        (_("Person"), {"fields": (("first_name", "last_name"), "email", "language")}),
        (_("Rights"), {"fields": ("role", "is_active")}),
        (_("Dates"), {"fields": (("last_login", "date_joined"),)}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", ("first_name", "last_name"), "role", "language", "password1", "password2")}),
    )

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "role" and field is not None:
            field.help_text = ROLE_HELP
        return field

    @admin.display(description=_("name"), ordering="last_name")
    def full_name(self, user: User) -> str:
        return user.get_full_name()

    @admin.display(description=_("state"), ordering="is_active")
    def active_tag(self, user: User) -> SafeString:
        if not user.is_active:
            return oob.tag("idle", gettext("locked"))
        until = locked_until(user.get_username())
        return oob.tag("warn", lock_words(until)) if until else oob.tag("good", gettext("may log in"))

    @admin.display(description=_("second factor"))
    def factor_tag(self, user: User) -> SafeString:
        if user.has_factor:  # type: ignore[attr-defined] # see get_queryset
            return oob.tag("good", pgettext("second factor", "on"))
        return oob.tag("warn" if user.role in REQUIRED_FOR else "idle", pgettext("second factor", "off"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        app = Authenticator.objects.filter(user=OuterRef("pk"), type=Authenticator.Type.TOTP)
        users: QuerySet[User] = super().get_queryset(request)
        return users.annotate(has_factor=Exists(app))

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Nobody takes his own rights: who did it by mistake could not take it back."""
        own = ("role", "is_active") if obj is not None and obj == request.user else ()
        return (*super().get_readonly_fields(request, obj), *own)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: User | None = None,
    ) -> HttpResponse:
        if obj is not None:
            until = locked_until(obj.get_username())
            context |= {
                "is_own_page": obj == request.user,
                "has_factor": has_second_factor(obj),
                "lock": lock_words(until) if until else "",
            }
        return super().render_change_form(request, context, add, change, form_url, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Without the rows that say to which group a user belongs: they mean nothing to anybody."""
        deleted, *others = super().get_deleted_objects(objs, request)
        return without(deleted, f"{capfirst(User.groups.through._meta.verbose_name)}:"), *others

    def get_urls(self) -> list[URLPattern]:
        reset = self.admin_site.admin_view(reset_second_factor)
        return [
            path("<int:pk>/second-factor/", reset, name="accounts_user_second_factor"),
            path("<int:pk>/unlock/", self.admin_site.admin_view(unlock), name="accounts_user_unlock"),
            *super().get_urls(),
        ]

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Nobody deletes himself or the last owner, so one owner always remains."""
        is_needed = obj is not None and (obj == request.user or obj.is_last_owner)
        return not is_needed and super().has_delete_permission(request, obj)
