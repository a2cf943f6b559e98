"""Logging in: password, code, recovery code; what is closed; redirects; how long it lasts."""

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model
from django.urls import NoReverseMatch, reverse

from tests.people import PASSWORD, code, log_in, make_user, recovery_codes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages")]
LOGIN, CODE = "/accounts/login/", "/accounts/login/code/"


def is_in(client):
    return client.get("/").status_code == 200


def test_password_alone_is_half_a_login(client):
    user = make_user()
    answer = client.post(LOGIN, {"login": user.username, "password": PASSWORD})
    assert answer.url == CODE
    assert not is_in(client)


def test_password_and_code_are_a_login(client):
    assert log_in(client, make_user()).url == "/"
    assert is_in(client)


@time_machine.travel("2026-11-24T10:00:10+01:00", tick=False)  # else the next code may come in between
def test_a_code_works_once(client):
    user = make_user()
    log_in(client, user)
    client.post("/accounts/logout/")
    log_in(client, user)
    assert not is_in(client)
    log_in(client, user, later=1)
    assert is_in(client)


def test_a_used_code_is_refused_as_long_as_it_would_be_valid(client):
    with time_machine.travel("2026-11-24T10:00:10+01:00", tick=False) as clock:
        user = make_user()
        used = code(user)
        log_in(client, user)
        client.post("/accounts/logout/")
        clock.shift(45)
        client.post(LOGIN, {"login": user.username, "password": PASSWORD})
        client.post(CODE, {"code": used})
    assert not is_in(client)


def test_a_recovery_code_works_once(client):
    user = make_user()
    spare = recovery_codes(user)[0]
    for is_first in (True, False):
        client.post(LOGIN, {"login": user.username, "password": PASSWORD})
        client.post(CODE, {"code": f"{spare[:4]} {spare[4:]}"})
        assert is_in(client) == is_first
        client.post("/accounts/logout/")
    assert len(recovery_codes(user)) == 9


def test_half_a_login_can_be_given_up(client):
    client.post(LOGIN, {"login": make_user().username, "password": PASSWORD})
    assert client.get(LOGIN).url == CODE
    assert client.post("/accounts/logout/").url == LOGIN
    assert client.get(LOGIN).status_code == 200


@pytest.mark.parametrize("method", ["get", "post"])
def test_djangos_own_form_lets_nobody_in(client, method):
    """Not even somebody who is logged in, as whom the form would else forget to ask for the code."""
    owner = make_user()
    client.force_login(make_user("reader"))
    values = {"username": owner.username, "password": PASSWORD}
    assert getattr(client, method)("/login/", values).url == "/"
    assert int(client.session["_auth_user_id"]) != owner.pk
    client.logout()
    getattr(client, method)("/login/", values)
    assert not is_in(client)


def test_a_user_who_is_switched_off_gets_the_same_answer_as_a_stranger(client):
    make_user(username="muster", is_active=False)
    known = client.post(LOGIN, {"login": "muster", "password": PASSWORD})
    unknown = client.post(LOGIN, {"login": "niemand", "password": PASSWORD})
    assert known.context["form"].non_field_errors()
    assert known.context["form"].errors == unknown.context["form"].errors


@pytest.mark.parametrize("name", ["account_signup", "account_reset_password", "account_email", "account_set_password"])
def test_what_is_closed_has_no_address(client, name):
    with pytest.raises(NoReverseMatch):
        reverse(name)


EVIL = ["//evil.example", "https:evil.example", "https://evil.example/", "/\\evil.example", "\\\\evil.example"]


@pytest.mark.parametrize("target", [*EVIL, "http://127.0.0.1/", "javascript:alert(1)"])
@pytest.mark.parametrize("entrance", [LOGIN, "/login/"])
def test_the_login_leads_to_pages_of_ours_only(client, entrance, target):
    user = make_user("reader", second_factor=False)
    page = client.get(entrance, {"next": target}, follow=True)
    values = {"login": user.username, "password": PASSWORD, "next": page.context["redirect_field_value"] or ""}
    assert client.post(LOGIN, values).url == "/"
    assert client.get(entrance, {"next": target}).url == "/"


def test_the_login_leads_back_to_the_page_that_was_asked_for(client):
    user = make_user()
    page = client.get("/backups/source/", follow=True)
    values = {"login": user.username, "password": PASSWORD, "next": page.context["redirect_field_value"]}
    client.post(LOGIN, values)
    assert client.post(CODE, {"code": code(user)}).url == "/backups/source/"


def test_a_session_ends_after_eight_hours_however_busy_it_is(client):
    with time_machine.travel("2026-11-24T08:00:00+01:00") as clock:
        client.force_login(make_user())
        for _ in range(15):
            clock.shift(30 * 60)
            assert is_in(client)
        clock.shift(31 * 60)
        assert not is_in(client)


def test_a_session_ends_with_the_browser(client):
    log_in(client, make_user())
    assert client.cookies["sessionid"]["max-age"] == ""
    assert client.session.get_expire_at_browser_close()


def test_logging_out_is_a_post(client):
    client.force_login(make_user())
    assert client.get("/accounts/logout/").status_code == 405
    assert is_in(client)
    assert client.post("/accounts/logout/").status_code == 200
    assert not is_in(client)


def test_passwords_are_kept_as_argon2():
    from oobsite.settings import PASSWORD_HASHERS

    assert PASSWORD_HASHERS[0] == "django.contrib.auth.hashers.Argon2PasswordHasher"


def test_secrets_of_the_second_factor_are_kept_encrypted():
    user = make_user()
    kept = {row.type: row.data for row in Authenticator.objects.filter(user=user)}
    assert kept["totp"]["secret"].startswith("gAAAAA")
    assert kept["recovery_codes"]["seed"].startswith("gAAAAA")


def test_createsuperuser_works_without_anybody_at_the_keyboard(monkeypatch):
    from django.core.management import call_command

    monkeypatch.setenv("DJANGO_SUPERUSER_USERNAME", "muster")
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", "--noinput", verbosity=0)
    owner = get_user_model().objects.get()
    assert (owner.role, owner.check_password(PASSWORD)) == ("owner", True)
