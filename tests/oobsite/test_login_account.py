"""The user's own pages: second factor, recovery codes, password, sessions."""

from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from oobsite.accounts.secondfactor import has_second_factor
from oobsite.accounts.sessions import device_words
from oobsite.audit.models import AuditEvent
from oobsite.keys import FIELD_KEYS_NAME, make_field_key, write_field_keys
from tests.people import PASSWORD, code, code_of, log_in, make_user, recovery_codes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages")]
SETUP, NEW_CODES = "/accounts/second-factor/", "/accounts/recovery-codes/new/"


# --- who needs a second factor ------------------------------------------------------------------------------
@pytest.mark.parametrize("role", ["owner", "care"])
@pytest.mark.parametrize("path", ["/", "/backups/source/", "/accounts/password/", "/accounts/sessions/", "/jsi18n/"])
def test_without_the_second_factor_every_page_leads_to_its_setup(client, role, path):
    client.force_login(make_user(role, second_factor=False))
    assert client.get(path).url == client.post(path).url == SETUP


def test_a_login_without_second_factor_leads_to_its_setup_at_once(client):
    user = make_user("care", second_factor=False)
    answer = client.post("/accounts/login/", {"login": user.username, "password": PASSWORD}, follow=True)
    assert answer.redirect_chain == [("/", 302), (SETUP, 302)]
    assert answer.status_code == 200


def test_who_must_set_it_up_may_still_leave(client):
    client.force_login(make_user(second_factor=False))
    assert client.post("/accounts/logout/").status_code == 200


def test_a_reader_may_have_one(client):
    user = make_user("reader", second_factor=False)
    client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    assert client.get("/").status_code == 200
    assert client.get(SETUP).status_code == 200


@pytest.mark.parametrize(("hours", "status"), [(1.9, 200), (2.1, 302)])
def test_the_time_of_grace_counts_from_the_day_the_user_was_added(client, settings, hours, status):
    settings.OOB_SECOND_FACTOR_GRACE_HOURS = 2
    client.force_login(make_user(second_factor=False, date_joined=timezone.now() - timedelta(hours=hours)))
    assert client.get("/").status_code == status


# --- setting it up ------------------------------------------------------------------------------------------
def set_up(client, user):
    client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    return client.get(SETUP).context["form"].secret


@time_machine.travel("2026-11-24T10:00:10+01:00", tick=False)
def test_setting_it_up_shows_the_recovery_codes(client):
    user = make_user(second_factor=False)
    secret = set_up(client, user)
    answer = client.post(SETUP, {"code": code_of(secret)}, follow=True)
    assert answer.redirect_chain == [("/accounts/recovery-codes/", 302)]
    assert len(answer.context["unused_codes"]) == len(recovery_codes(user)) == 10
    assert code(user) == code_of(secret)
    assert client.get("/").status_code == 200


def test_the_page_shows_the_same_secret_again_and_the_session_keeps_it_encrypted(client):
    secret = set_up(client, make_user(second_factor=False))
    assert client.get(SETUP).context["form"].secret == secret
    wrong = client.post(SETUP, {"code": "000000x"})
    assert wrong.context["form"].errors
    assert wrong.context["form"].secret == secret
    assert secret not in str(dict(client.session))


def test_keys_that_are_rotated_meanwhile_only_bring_another_secret(client, settings, tmp_path):
    settings.OOB_DATA_DIR = tmp_path
    write_field_keys(tmp_path / FIELD_KEYS_NAME, [make_field_key()])
    secret = set_up(client, make_user(second_factor=False))
    write_field_keys(tmp_path / FIELD_KEYS_NAME, [make_field_key()])
    page = client.get(SETUP)
    assert page.status_code == 200
    assert page.context["form"].secret != secret


def test_the_secret_is_forgotten_when_it_is_set_up(client):
    user = make_user(second_factor=False)
    secret = set_up(client, user)
    client.post(SETUP, {"code": code_of(secret)})
    client.post("/accounts/second-factor/anew/")
    assert not Authenticator.objects.filter(user=user).exists()
    assert client.get(SETUP).context["form"].secret != secret


def test_the_picture_names_the_practice(client, settings):
    settings.MFA_TOTP_ISSUER = "Praxis Muster"
    set_up(client, make_user(second_factor=False))
    page = client.get(SETUP)
    assert page.context["totp_url"].startswith("otpauth://totp/owner?")
    assert "issuer=Praxis%20Muster" in page.context["totp_url"]
    assert 'src="data:image/svg+xml;base64,' in page.text


def test_new_recovery_codes_end_the_old_ones(client):
    user = make_user()
    old = recovery_codes(user)
    log_in(client, user)
    assert client.get(NEW_CODES).status_code == 200
    assert recovery_codes(user) == old
    client.post(NEW_CODES)
    assert not set(old) & set(recovery_codes(user))


def test_recovery_codes_can_be_downloaded(client):
    user = make_user()
    log_in(client, user)
    page = client.get("/accounts/recovery-codes/download/")
    assert "attachment" in page["Content-Disposition"]
    assert "no-store" in page["Cache-Control"]
    assert all(f"{spare[:4]} {spare[4:]}" in page.text for spare in recovery_codes(user))


# --- lost ---------------------------------------------------------------------------------------------------
def test_who_has_lost_everything_is_helped_by_the_command(client):
    user = make_user()
    call_command("resetlogin", user.username, stdout=StringIO())
    client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    assert client.get("/").url == SETUP


def test_an_owner_removes_the_second_factor_of_somebody_who_lost_his_phone(client):
    other = make_user("care")
    client.force_login(make_user("owner"))
    answer = client.post(f"/accounts/user/{other.pk}/second-factor/")
    assert answer.url == f"/accounts/user/{other.pk}/change/"
    assert not has_second_factor(other)
    assert AuditEvent.objects.filter(action="factor.removed", object_pk=other.pk, actor="owner").count() == 1


def test_the_command_knows_when_there_is_no_such_user():
    errors = StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("resetlogin", "niemand", stdout=StringIO(), stderr=errors)
    assert end.value.code == 2
    assert "niemand" in errors.getvalue()


# --- password and sessions ----------------------------------------------------------------------------------
def test_a_new_password_ends_the_sessions_elsewhere(client):
    user, other = make_user(), Client()
    log_in(client, user)
    log_in(other, user, later=1)
    values = {"oldpassword": PASSWORD, "password1": "neun-neue-Buchen", "password2": "neun-neue-Buchen"}
    assert client.post("/accounts/password/", values).url == "/accounts/"
    assert client.get("/").status_code == 200
    assert other.get("/").status_code == 302


def test_sessions_are_listed_and_one_can_be_ended(client):
    user, other = make_user(), Client(headers={"user-agent": "Mozilla/5.0 (iPhone) Version/17.0 Safari/604.1"})
    log_in(client, user)
    log_in(other, user, later=1)
    rows = client.get("/accounts/sessions/").context["sessions"]
    assert [row.is_current for row in rows] == [True, False]
    assert "iPhone" in rows[1].device
    client.post(f"/accounts/sessions/{rows[1].pk}/end/")
    assert other.get("/").status_code == 302
    assert client.get("/").status_code == 200


def test_all_other_sessions_can_be_ended(client):
    user, others = make_user(), [Client(), Client()]
    for browser in (client, *others):
        browser.force_login(user)
        browser.get("/")
    client.post("/accounts/sessions/")
    assert [browser.get("/").status_code for browser in (client, *others)] == [200, 302, 302]


def test_sessions_of_others_are_out_of_reach(client):
    owner, other = make_user(), Client()
    other.force_login(owner)
    other.get("/")
    client.force_login(make_user("care"))
    session = UserSession.objects.get(user=owner)
    assert client.post(f"/accounts/sessions/{session.pk}/end/").status_code == 404
    assert client.get(f"/accounts/sessions/{session.pk}/end/").status_code == 405
    assert other.get("/").status_code == 200


def test_logging_out_takes_the_session_off_the_list(client):
    client.force_login(make_user())
    client.get("/")
    assert UserSession.objects.count() == 1
    client.post("/accounts/logout/")
    assert not UserSession.objects.exists()


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/120 Safari/537.36 Edg/120", ("Edge", "Windows")),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X) Version/17 Safari/605.1.15", ("Safari", "Mac")),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36", ("Chrome", "Android")),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", ("Firefox", "Linux")),
    ],
)
def test_a_device_is_told_in_words(user_agent, words):
    assert all(word in device_words(user_agent) for word in words)


def test_an_unknown_device_is_not_guessed():
    assert device_words("curl/8") == device_words("")
