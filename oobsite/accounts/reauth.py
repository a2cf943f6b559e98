"""What is dangerous asks who is there: a login or confirmation of the last five minutes, else a new one."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from allauth.account import app_settings
from allauth.account.authentication import get_authentication_records
from django.contrib import admin, messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from oobsite.accounts.signals import LOGIN_AT_KEY

View = Callable[..., HttpResponseBase]
_AGAIN_KEY = "press_again"
if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Any]
else:
    _Admin = object


def is_login_recent(request: HttpRequest) -> bool:
    """Whether the present user has logged in, or shown password or code again, in the last five minutes."""
    if not request.user.is_authenticated:
        return False
    moments = [record["at"] for record in get_authentication_records(request, request.user)]
    moments.append(request.session.get(LOGIN_AT_KEY, 0))
    now = time.time()  # which may have been set back: one login of the future must not hide those of today
    return any(0 <= now - at < app_settings.REAUTHENTICATION_TIMEOUT for at in moments)


def recent_login(view: View) -> View:
    """Ask who is there first. A POST cannot be repeated: its user comes back to its page and presses again."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if is_login_recent(request):
            return view(request, *args, **kwargs)
        if not request.user.is_authenticated:
            return redirect_to_login(_page_of(request))
        request.session[_AGAIN_KEY] = request.method == "POST"
        return redirect(f"{reverse('account_reauthenticate')}?{urlencode({'next': _page_of(request)})}")

    return guarded


def tell_what_to_do_again(request: HttpRequest) -> None:
    """After the confirmation: say that what was ordered has not been done."""
    if request.session.pop(_AGAIN_KEY, False):
        messages.warning(request, _("Thank you, that is confirmed. Nothing has been done yet: press again."))


def _page_of(request: HttpRequest) -> str:
    """The page itself, for a POST the page with the button; never one of another site."""
    if request.method != "POST":
        return request.get_full_path()
    parts = urlsplit(request.headers.get("Referer", ""))
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    is_ours = parts.netloc == request.get_host() and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if is_ours else reverse("admin:index")


class RecentLoginAdminMixin(_Admin):
    """For a ``ModelAdmin``: adding, changing and deleting, and their forms, need a recent login."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return recent_login(super().changeform_view)(request, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return recent_login(super().delete_view)(request, *args, **kwargs)

    def user_change_password(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return recent_login(super().user_change_password)(request, *args, **kwargs)  # type: ignore[misc]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """A list may be looked at; its actions and changed rows are POSTs."""
        view = super().changelist_view
        return (recent_login(view) if request.method == "POST" else view)(request, *args, **kwargs)
