from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oobsite.accounts.models import User
from oobsite.templatetags import oob

admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]
    """Only owners manage users: who may change users could give every right to himself."""

    actions = None
    list_display = ("username", "full_name", "role", "last_login", "active_tag")
    list_filter = ("role", "is_active")
    filter_horizontal = ()
    search_fields = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username",)}),
        (_("Person"), {"fields": (("first_name", "last_name"), "email", "language")}),
        (_("Rights"), {"fields": ("role", "is_active", "is_superuser")}),
        (_("Single rights"), {"fields": ("groups", "user_permissions"), "classes": ("collapse",)}),
        (_("Dates"), {"fields": (("last_login", "date_joined"),)}),
    )
    add_fieldsets = ((None, {"fields": ("username", "role", "language", "password1", "password2")}),)

    @admin.display(description=_("name"), ordering="last_name")
    def full_name(self, user: User) -> str:
        return user.get_full_name()

    @admin.display(description=_("state"), ordering="is_active")
    def active_tag(self, user: User) -> SafeString:
        return oob.tag("good", gettext("may log in")) if user.is_active else oob.tag("idle", gettext("locked"))

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Everybody who has a user here works with these pages."""
        obj.is_staff = True
        super().save_model(request, obj, form, change)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _is_owner(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_owner(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_owner(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_owner(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes himself, so one owner always remains."""
        return _is_owner(request) and obj != request.user


def _is_owner(request: HttpRequest) -> bool:
    return request.user.is_active and request.user.is_superuser
