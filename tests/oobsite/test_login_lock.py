"""The lock after five failures: passwords and codes, any spelling, known and unknown names, every door."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.dispatch import Signal
from django.test import Client

from oobsite.accounts.lockout import ADDRESS_ATTEMPTS, USER_ATTEMPTS, take_attempt
from tests.people import PASSWORD, code, log_in, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages")]
LOGIN, CODE = "/accounts/login/", "/accounts/login/code/"


def fail(client, name="owner", times=USER_ATTEMPTS):
    for _ in range(times):
        answer = client.post(LOGIN, {"login": name, "password": "falsch"})
    return answer


def errors(answer):
    return answer.context["form"].errors.as_data()


def is_locked(answer):
    return answer.status_code == 200 and "locked" in {
        error.code for found in errors(answer).values() for error in found
    }


def test_after_five_failures_the_right_password_is_refused_and_the_time_is_said(client):
    make_user()
    assert not is_locked(fail(client))
    answer = client.post(LOGIN, {"login": "owner", "password": PASSWORD})
    assert is_locked(answer)
    assert " 15 " in str(errors(answer))


def test_four_failures_lock_nobody_and_a_login_forgets_them(client):
    user = make_user()
    for later in (0, 1):
        fail(client, times=USER_ATTEMPTS - 1)
        assert log_in(client, user, later).url == "/"
        client.post("/accounts/logout/")


def test_the_lock_ends(client):
    user = make_user()
    with time_machine.travel("2026-11-24T08:00:00+01:00") as clock:
        fail(client)
        clock.shift(14 * 60)
        assert is_locked(client.post(LOGIN, {"login": "owner", "password": PASSWORD}))
        clock.shift(70)
        assert log_in(client, user).url == "/"


@pytest.mark.parametrize("spelling", ["OWNER", " owner ", "Owner"])
def test_another_spelling_is_the_same_user(client, spelling):
    make_user()
    fail(client, spelling)
    assert is_locked(client.post(LOGIN, {"login": "owner", "password": PASSWORD}))
    assert is_locked(client.post(LOGIN, {"login": spelling, "password": PASSWORD}))


def test_an_unknown_name_is_locked_in_the_same_way(client):
    make_user()
    known, unknown = fail(client), fail(client, "niemand")
    assert errors(known)["__all__"][0].messages == errors(unknown)["__all__"][0].messages
    assert is_locked(fail(client, "niemand", 1))


@pytest.mark.parametrize("field", ["username", "email", "user"])
def test_another_field_name_gets_nobody_past_the_lock(client, field):
    make_user(email="a@example.org")
    fail(client)
    for door in (LOGIN, "/login/"):
        client.post(door, {field: "owner", "password": PASSWORD, "login": "owner"})
        client.post(door, {field: "owner", "password": PASSWORD})
        assert client.get("/").status_code == 302


def test_wrong_codes_lock_too_with_the_right_one(client):
    user = make_user()
    client.post(LOGIN, {"login": "owner", "password": PASSWORD})
    for _ in range(USER_ATTEMPTS):
        assert not is_locked(client.post(CODE, {"code": "000000x"}))
    assert is_locked(client.post(CODE, {"code": code(user)}))
    assert is_locked(Client().post(LOGIN, {"login": "owner", "password": PASSWORD}))


def test_passwords_and_codes_are_counted_together(client):
    user = make_user()
    fail(client, times=3)
    client.post(LOGIN, {"login": "owner", "password": PASSWORD})
    for _ in range(2):
        client.post(CODE, {"code": "000000x"})
    assert is_locked(client.post(CODE, {"code": code(user)}))


@pytest.mark.parametrize(
    ("path", "field"), [("confirm/", "password"), ("confirm/code/", "code"), ("password/", "oldpassword")]
)
def test_other_pages_that_ask_are_no_way_round(client, path, field):
    user = make_user()
    client.force_login(user)
    for _ in range(USER_ATTEMPTS):
        client.post(
            f"/accounts/{path}", {field: "falsch", "password1": "neun-neue-Buchen", "password2": "neun-neue-Buchen"}
        )
    right = code(user) if field == "code" else PASSWORD
    assert is_locked(client.post(f"/accounts/{path}", {field: right}))
    assert is_locked(Client().post(LOGIN, {"login": "owner", "password": PASSWORD}))


def test_an_address_is_locked_that_tries_many_names(client):
    make_user()
    for number in range(ADDRESS_ATTEMPTS):
        fail(client, f"name{number}", 1)
    assert is_locked(client.post(LOGIN, {"login": "owner", "password": PASSWORD}))
    elsewhere = client.post(LOGIN, {"login": "owner", "password": PASSWORD}, REMOTE_ADDR="192.0.2.7")
    assert elsewhere.url == CODE


def test_what_is_refused_during_the_lock_is_told(client):
    from django.contrib.auth.signals import user_login_failed

    told = []
    fail(client, "niemand")
    user_login_failed.connect(listener := lambda credentials, **_: told.append(credentials))
    fail(client, "niemand", 1)
    user_login_failed.disconnect(listener)
    assert told == [{"username": "niemand"}]


def test_of_many_at_the_same_time_five_are_judged(rf, settings, monkeypatch):
    monkeypatch.setattr("oobsite.accounts.lockout.user_login_failed", Signal())  # threads have no test database
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    request = rf.post(LOGIN)

    def is_judged(_number):
        try:
            take_attempt(request, "owner")
        except ValidationError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(is_judged, range(ADDRESS_ATTEMPTS))) == USER_ATTEMPTS
