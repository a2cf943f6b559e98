"""What is dangerous asks who is there: after five minutes, by password or code, and leads back safely."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from tests.people import PASSWORD, code, log_in, make_user, recovery_codes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages")]
NEW_CODES, CONFIRM = "/accounts/recovery-codes/new/", "/accounts/confirm/"


def old_login(client, user):
    """Somebody who has been logged in for more than five minutes."""
    with time_machine.travel(timezone.now() - timedelta(minutes=6)):
        log_in(client, user)


@pytest.mark.parametrize(("path", "field"), [(CONFIRM, "password"), ("/accounts/confirm/code/", "code")])
def test_after_five_minutes_a_page_asks_who_is_there(client, path, field):
    user = make_user()
    old_login(client, user)
    assert client.get(NEW_CODES).url == f"{CONFIRM}?next=%2Faccounts%2Frecovery-codes%2Fnew%2F"
    right = PASSWORD if field == "password" else code(user)
    assert client.post(path, {field: right, "next": NEW_CODES}).url == NEW_CODES
    assert client.get(NEW_CODES).status_code == 200


def test_a_clock_that_was_set_back_asks_once_and_not_for_ever(client):
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        log_in(client, make_user())
    assert client.get(NEW_CODES).status_code == 302
    assert client.post(CONFIRM, {"password": PASSWORD, "next": NEW_CODES}).url == NEW_CODES
    assert client.get(NEW_CODES).status_code == 200


def test_a_wrong_confirmation_confirms_nothing(client):
    old_login(client, make_user())
    assert client.post(CONFIRM, {"password": "falsch", "next": NEW_CODES}).status_code == 200
    assert client.get(NEW_CODES).status_code == 302


def test_a_post_is_not_done_and_leads_back_to_its_page_with_a_word(client):
    user = make_user()
    old, where = recovery_codes(user), "http://testserver/accounts/?a=1"
    old_login(client, user)
    answer = client.post(NEW_CODES, headers={"referer": where})
    assert answer.url == f"{CONFIRM}?next=%2Faccounts%2F%3Fa%3D1"
    back = client.post(answer.url, {"password": PASSWORD, "next": "/accounts/?a=1"})
    assert back.url == "/accounts/?a=1"
    assert len(client.get(back.url).context["messages"]) == 1
    assert recovery_codes(user) == old


def test_who_cancels_the_confirmation_is_not_thanked(client):
    old_login(client, make_user())
    client.post(NEW_CODES)
    assert not client.get("/").context["messages"]


def test_too_many_confirmations_get_a_page_of_ours(client):
    client.force_login(make_user())
    for _ in range(11):
        answer = client.post(CONFIRM, {"password": PASSWORD})
    assert answer.status_code == 429
    assert "oobsite.css" in answer.text


@pytest.mark.parametrize("origin", ["http://evil.example/", "http://testserver//evil.example", "nonsense", ""])
def test_a_post_from_elsewhere_leads_to_the_overview(client, origin):
    old_login(client, make_user())
    assert client.post(NEW_CODES, headers={"referer": origin}).url == f"{CONFIRM}?next=%2F"


@pytest.mark.parametrize("target", ["//evil.example", "https:evil.example", "/\\evil.example", "https://evil.example"])
def test_the_confirmation_leads_to_pages_of_ours_only(client, target):
    old_login(client, make_user())
    assert client.post(CONFIRM, {"password": PASSWORD, "next": target}).url == "/"


@pytest.mark.parametrize("path", ["recovery-codes/", "recovery-codes/download/", "second-factor/anew/"])
def test_what_shows_or_removes_secrets_asks_first(client, path):
    old_login(client, make_user())
    assert client.get(f"/accounts/{path}").url.startswith(CONFIRM)


@pytest.mark.parametrize("path", ["add/", "{pk}/change/", "{pk}/delete/", "{pk}/password/"])
def test_managing_users_asks_first(client, path):
    other, address = make_user("care"), "/accounts/user/"
    old_login(client, make_user())
    assert client.get(address).status_code == 200
    page = address + path.format(pk=other.pk)
    assert client.get(page).url.startswith(CONFIRM)
    assert client.post(page, {"post": "yes", "password1": "x"}).url.startswith(CONFIRM)
    client.post(CONFIRM, {"password": PASSWORD})
    assert client.get(page).status_code == 200
