"""Pages of users: one's own rights, the lock after failures, the second factor of others."""

import io

import pytest
from django.core.cache import cache
from django.core.management import call_command

from oobsite.accounts.lockout import USER_ATTEMPTS, locked_until
from oobsite.accounts.models import User
from oobsite.accounts.secondfactor import has_second_factor
from oobsite.audit.models import AuditEvent
from tests.people import log_in, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages")]


@pytest.fixture
def owner(client):
    cache.clear()
    user = make_user()
    log_in(client, user)
    return user


@pytest.fixture
def anna(owner):
    return make_user("care", username="anna", first_name="Anna", last_name="Muster")


def lock(client, user):
    for _ in range(USER_ATTEMPTS):
        type(client)().post("/accounts/login/", {"login": user.username, "password": "wrong"})
    assert locked_until(user.username)


def page(user, end="change/"):
    return f"/accounts/user/{user.pk}/{end}"


def test_nobody_takes_his_own_rights(client, owner):
    make_user(username="second")
    client.post(page(owner), {"username": "owner", "language": "de", "role": "reader"})
    owner.refresh_from_db()
    assert (owner.role, owner.is_active) == (User.Role.OWNER, True)
    assert 'name="role"' not in client.get(page(owner)).text


def test_the_rights_of_others_can_be_changed(client, owner, anna):
    client.post(page(anna), {"username": "anna", "language": "de", "role": "reader", "is_active": "on"})
    anna.refresh_from_db()
    assert anna.role == User.Role.READER


def test_a_lock_is_shown_and_can_be_lifted(client, owner, anna):
    unlock = page(anna, "unlock/")
    assert unlock not in client.get(page(anna)).text
    lock(client, anna)
    assert "gesperrt bis" in client.get("/accounts/user/").text or "locked until" in client.get("/accounts/user/").text
    assert unlock in client.get(page(anna)).text
    assert client.post(unlock).url == page(anna)
    assert locked_until("anna") is None
    assert AuditEvent.objects.filter(action="login.unlocked", object_pk=anna.pk).count() == 1


def test_lifting_no_lock_is_no_act(client, owner, anna):
    client.post(page(anna, "unlock/"))
    assert not AuditEvent.objects.filter(action="login.unlocked").exists()


def test_removing_the_second_factor_is_confirmed_first(client, owner, anna):
    door = page(anna, "second-factor/")
    assert door in client.get(page(anna)).text
    assert client.get(door).status_code == 200
    assert has_second_factor(anna)
    client.post(door)
    assert not has_second_factor(anna)
    assert door not in client.get(page(anna)).text


def test_nobody_removes_his_own_second_factor_by_that_page(client, owner):
    door = page(owner, "second-factor/")
    assert door not in client.get(page(owner)).text
    assert client.post(door).status_code == 403
    assert has_second_factor(owner)


def test_deleting_a_user_names_nothing_technical(client, owner, anna):
    text = client.get(page(anna, "delete/")).text
    assert "Anna Muster" in text
    assert "User_groups" not in text


def test_a_user_is_added_with_names(client, owner):
    password = "neun-junge-Tannen"
    values = {"username": "b", "first_name": "Bea", "last_name": "Frei", "role": "reader", "language": "de"}
    client.post("/accounts/user/add/", {**values, "password1": password, "password2": password})
    assert str(User.objects.get(username="b")) == "Bea Frei"


def run(*arguments):
    out = io.StringIO()
    call_command("resetlogin", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_can_lift_the_lock_alone(client, anna):
    lock(client, anna)
    run("anna", "--unlock")
    assert locked_until("anna") is None
    assert has_second_factor(anna)


def test_the_command_says_what_is_true_of_the_role(anna):
    reader = make_user("reader", username="ruth")
    assert "Faktor" in run("anna")
    assert "Faktor" not in run(reader.username).splitlines()[-1]


def test_events_about_a_user_are_found_by_his_login(client, anna):
    client.post(page(anna), {"username": "anna", "language": "en", "role": "care", "is_active": "on"})
    client.post(page(anna), {"username": "anna", "first_name": "Berta", "language": "en", "role": "care"})
    found = client.get("/audit/auditevent/", {"q": "anna"}).context["cl"].result_list
    assert {"user.added", "user.changed"} <= {event.action for event in found}
