"""Pages around the login: allauth's views in our look, the set-up of the first user, the list of sessions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from allauth.account import views as account_views
from allauth.account.internal.flows.logout import logout as end_login
from allauth.mfa.base import views as mfa_views
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as code_views
from allauth.mfa.totp import views as totp_views
from allauth.usersessions import views as session_views
from allauth.usersessions.internal.flows.sessions import end_sessions
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from oobsite.accounts.forms import OwnerForm, forget_pending_secret
from oobsite.accounts.models import User
from oobsite.accounts.reauth import tell_what_to_do_again
from oobsite.accounts.secondfactor import must_set_up_second_factor
from oobsite.accounts.sessions import describe_session
from oobsite.accounts.setup import create_owner, has_owner, is_valid_token, take_token


class SitePage:
    """What the templates of the site need around the page itself."""

    title: str | Promise
    request: HttpRequest

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        return {**admin.site.each_context(self.request), "title": self.title, **context}


class LoginView(SitePage, account_views.LoginView):
    title = gettext_lazy("Log in")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "is_sent_here": self._is_sent_here()}

    def _is_sent_here(self) -> bool:
        """Whether somebody was led away from a page, or comes with the cookie of a session that is over."""
        has_old_cookie = settings.SESSION_COOKIE_NAME in self.request.COOKIES and not self.request.session.keys()
        return has_old_cookie or self.request.GET.get("next", "/") not in ("", "/")


class AuthenticateView(SitePage, mfa_views.AuthenticateView):
    title = gettext_lazy("Log in")

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        if form.authenticator.type == Authenticator.Type.RECOVERY_CODES:
            form.authenticator.refresh_from_db()  # the code was crossed out on another copy
            messages.warning(self.request, _codes_left(len(form.authenticator.wrap().get_unused_codes())))
        return response


def _codes_left(count: int) -> str:
    sentence = ngettext(
        "You logged in with a recovery code. %(count)d is left.",
        "You logged in with a recovery code. %(count)d are left.",
        count,
    )
    return sentence % {"count": count}


class ConfirmationPage(SitePage):
    title = gettext_lazy("Confirm that it is you")

    def form_valid(self, form: Any) -> HttpResponse:
        tell_what_to_do_again(self.request)
        return super().form_valid(form)  # type: ignore[misc,no-any-return]


class ReauthenticateView(ConfirmationPage, account_views.ReauthenticateView):
    pass


class ReauthenticateCodeView(ConfirmationPage, mfa_views.ReauthenticateView):
    pass


class AccountView(SitePage, mfa_views.IndexView):
    """The user's own affairs: password, second factor, sessions."""

    title = gettext_lazy("My account")


class PasswordView(SitePage, account_views.PasswordChangeView):
    title = gettext_lazy("Change password")
    success_url = reverse_lazy("mfa_index")


class ActivateTotpView(SitePage, totp_views.ActivateTOTPView):
    title = gettext_lazy("Set up the second factor")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        is_required = isinstance(user, User) and must_set_up_second_factor(user)
        return {**super().get_context_data(**kwargs), "is_required": is_required}

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        forget_pending_secret(self.request)
        return response


class DeactivateTotpView(SitePage, totp_views.DeactivateTOTPView):
    title = gettext_lazy("Set up the second factor anew")


class RecoveryCodesView(SitePage, code_views.ViewRecoveryCodesView):
    title = gettext_lazy("Recovery codes")


class NewRecoveryCodesView(SitePage, code_views.GenerateRecoveryCodesView):
    title = gettext_lazy("New recovery codes")


class SessionsView(SitePage, session_views.ListUserSessionsView):
    """Where the user is logged in; POST ends all sessions but this one."""

    title = gettext_lazy("My sessions")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        key = self.request.session.session_key
        return {**context, "sessions": [describe_session(session, key) for session in context["sessions"]]}


@login_required
@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """End one of the user's own sessions."""
    end_sessions(request, [get_object_or_404(UserSession, pk=pk, user_id=request.user.pk)])
    if request.user.is_authenticated:
        messages.success(request, _("The session has been ended."))
    return redirect("usersessions_list")


@never_cache
@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """End the session, or a login that waits for its code."""
    was_in = request.user.is_authenticated
    end_login(request, show_message=False)
    if not was_in:
        return redirect("account_login")
    return render(request, "registration/logged_out.html", {"practice_name": settings.OOB_PRACTICE_NAME})


@never_cache
@sensitive_post_parameters("password1", "password2")
@require_http_methods(["GET", "POST"])
def set_up(request: HttpRequest, token: str) -> HttpResponse:
    """Make the first user by the link that ``manage.py setuplink`` printed."""
    data_dir = Path(settings.OOB_DATA_DIR)
    form = OwnerForm(request.POST or None)
    if not is_valid_token(data_dir, token, timezone.now()):
        return render(request, "accounts/setup_refused.html", {"has_owner": has_owner()}, status=404)
    if not form.is_valid():
        return render(request, "accounts/setup.html", {"form": form, "practice_name": settings.OOB_PRACTICE_NAME})
    if not take_token(data_dir):
        return render(request, "accounts/setup_refused.html", {"has_owner": True}, status=404)
    form.instance.language = get_language() or settings.LANGUAGE_CODE
    login(request, create_owner(form.save(commit=False)))
    return redirect("mfa_activate_totp")
