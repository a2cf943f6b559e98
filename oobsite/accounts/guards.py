"""Who may pass a door: a login first, then the permission of the role."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponseBase

View = Callable[..., HttpResponseBase]


def staff_with(permission: str) -> Callable[[View], View]:
    """Ask for a login, then for ``permission``. The login leads to the overview: a POST cannot be repeated."""

    def guard(view: View) -> View:
        checked = permission_required(permission, raise_exception=True)(view)
        return staff_member_required(checked, redirect_field_name="")

    return guard
