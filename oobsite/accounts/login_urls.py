"""The pages of the login, under allauth's names; what is not listed, such as signup, is not there."""

from allauth.mfa.recovery_codes.views import download_recovery_codes
from django.contrib.auth.decorators import login_required
from django.urls import path

from oobsite.accounts import views
from oobsite.accounts.reauth import recent_login

urlpatterns = [
    path("", views.AccountView.as_view(), name="mfa_index"),
    path("login/", views.LoginView.as_view(), name="account_login"),
    path("login/code/", views.AuthenticateView.as_view(), name="mfa_authenticate"),
    path("logout/", views.log_out, name="account_logout"),
    path("confirm/", views.ReauthenticateView.as_view(), name="account_reauthenticate"),
    path("confirm/code/", views.ReauthenticateCodeView.as_view(), name="mfa_reauthenticate"),
    path("password/", login_required(views.PasswordView.as_view()), name="account_change_password"),
    path("second-factor/", recent_login(views.ActivateTotpView.as_view()), name="mfa_activate_totp"),
    path("second-factor/anew/", recent_login(views.DeactivateTotpView.as_view()), name="mfa_deactivate_totp"),
    path("recovery-codes/", recent_login(views.RecoveryCodesView.as_view()), name="mfa_view_recovery_codes"),
    path("recovery-codes/new/", recent_login(views.NewRecoveryCodesView.as_view()), name="mfa_generate_recovery_codes"),
    path("recovery-codes/download/", recent_login(download_recovery_codes), name="mfa_download_recovery_codes"),
    path("sessions/", views.SessionsView.as_view(), name="usersessions_list"),
    path("sessions/<int:pk>/end/", views.end_session, name="usersessions_end"),
]
