"""What people are told around the login: ended sessions, wrong codes, old forms."""

from unittest.mock import Mock

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client

from oobsite.audit.models import AuditEvent
from oobsite.audit.triggers import create_triggers
from oobsite.errors import SettingError
from tests.people import PASSWORD, log_in, make_user, recovery_codes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages")]
LOGIN, CODE = "/accounts/login/", "/accounts/login/code/"


@pytest.fixture(autouse=True)
def no_failures():
    cache.clear()


@pytest.mark.parametrize("is_debug", [True, False])
def test_an_old_form_leads_to_a_page_of_ours(settings, is_debug):
    settings.DEBUG = is_debug
    answer = Client(enforce_csrf_checks=True).post(LOGIN, {"login": "x", "password": "y"})
    assert answer.status_code == 403
    assert "403_csrf.html" in [template.name for template in answer.templates]
    assert "REASON" not in answer.text.upper()


def test_an_address_that_needs_a_button_has_a_page(client):
    answer = client.get("/accounts/logout/")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "405.html" in [template.name for template in answer.templates]


def test_the_login_says_when_somebody_was_sent_there(client):
    assert not client.get("/", follow=True).context["is_sent_here"]
    assert client.get("/backups/source/", follow=True).context["is_sent_here"]


def test_the_login_says_when_the_session_has_ended(client):
    client.cookies["sessionid"] = "x" * 32
    assert client.get("/", follow=True).context["is_sent_here"]


def half_in(client, user):
    client.post(LOGIN, {"login": user.username, "password": PASSWORD})


def test_a_wrong_recovery_code_is_called_one(client):
    half_in(client, make_user())
    sentences = [str(client.post(CODE, {"code": typed}).context["form"].errors) for typed in ("000 000", "1234 5678")]
    assert sentences[0] != sentences[1]
    assert "Notfallcode" in sentences[1] or "recovery code" in sentences[1]


def test_after_a_recovery_code_one_is_told_how_many_are_left(client):
    user = make_user()
    half_in(client, user)
    client.post(CODE, {"code": recovery_codes(user)[0]})
    (message,) = client.get("/").context["messages"]
    assert "9" in str(message)


def test_a_wrong_password_at_the_confirmation_is_the_act_of_the_user(client):
    user = make_user()
    log_in(client, user)
    client.post("/accounts/confirm/", {"password": "wrong"})
    event = AuditEvent.objects.first()
    assert (event.action, event.actor, event.object_pk) == ("login.unconfirmed", user.username, str(user.pk))


def test_a_wrong_code_at_the_confirmation_is_the_act_of_the_user(client):
    user = make_user()
    log_in(client, user)
    client.post("/accounts/confirm/code/", {"code": "000000"})
    event = AuditEvent.objects.first()
    assert (event.action, event.actor) == ("factor.failed", user.username)


def test_the_end_of_the_input_at_the_passphrase_is_a_sentence(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", Mock(isatty=lambda: True))
    monkeypatch.setattr("getpass.getpass", Mock(side_effect=EOFError))
    with pytest.raises(SystemExit) as end:
        call_command("restoreself")
    assert (end.value.code, len(capsys.readouterr().err.splitlines())) == (2, 1)


def test_a_database_that_forbids_triggers_says_what_to_set():
    cursor = Mock(execute=Mock(side_effect=OperationalError(1419, "You do not have the SUPER privilege")))
    cursor.__enter__, cursor.__exit__ = Mock(return_value=cursor), Mock(return_value=None)
    with pytest.raises(SettingError, match="log_bin_trust_function_creators"):
        create_triggers(Mock(vendor="mysql", cursor=lambda: cursor))


def test_of_names_that_differ_in_capitals_only_each_logs_in_as_typed(client):
    users = [make_user("reader", second_factor=False, username=name) for name in ("anna", "Anna")]
    for user in users:
        half_in(client, user)
        assert int(client.session["_auth_user_id"]) == user.pk
        client.post("/accounts/logout/")


def test_capitals_do_not_matter_where_there_is_one_such_name(client):
    user = make_user("reader", second_factor=False, username="berta")
    client.post(LOGIN, {"login": "BERTA", "password": PASSWORD})
    assert int(client.session["_auth_user_id"]) == user.pk
