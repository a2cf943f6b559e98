"""The first user, the login, the language of a user, and who may manage users."""

import json
import os
import stat
from datetime import timedelta
from io import StringIO
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from django.utils import timezone

from oobsite.accounts.middleware import UserLanguageMiddleware
from oobsite.accounts.models import User
from oobsite.accounts.setup import TOKEN_NAME, create_setup_link, is_valid_token, take_token
from oobsite.keys import create_field_keys
from tests.people import make_user

pytestmark = pytest.mark.django_db
ANSWERS = {
    "name": "Dr. Anna Muster",
    "username": "muster",
    "password1": "sieben-alte-Buchen",
    "password2": "sieben-alte-Buchen",
}


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path, pages):
    settings.OOB_DATA_DIR = settings.OOB_BACKUP_DIR = tmp_path
    create_field_keys(tmp_path)
    return tmp_path


@pytest.fixture
def link(data_dir):
    return urlsplit(create_setup_link(data_dir, timezone.now())).path


def token_of(link):
    return link.strip("/").split("/")[-1]


def test_the_link_leads_here_and_its_token_is_nowhere_on_disk(data_dir, settings):
    link = create_setup_link(data_dir, timezone.now())
    path = data_dir / TOKEN_NAME
    assert link.startswith(settings.OOB_URL + "/setup/")
    assert token_of(link) not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_web_service_can_read_what_root_has_made(data_dir):
    if os.geteuid() == 0:
        os.chown(data_dir, 64_991, 64_991)
    create_setup_link(data_dir, timezone.now())
    assert (data_dir / TOKEN_NAME).stat().st_uid == data_dir.stat().st_uid


def test_a_new_link_replaces_the_old_one(data_dir):
    first, second = (token_of(create_setup_link(data_dir, timezone.now())) for _ in range(2))
    assert not is_valid_token(data_dir, first, timezone.now())
    assert is_valid_token(data_dir, second, timezone.now())


def test_no_link_when_there_is_an_owner(data_dir):
    User.objects.create_superuser("muster", password="x")
    assert create_setup_link(data_dir, timezone.now()) is None
    assert not (data_dir / TOKEN_NAME).exists()


def test_the_first_user_is_made_and_logged_in(client, link, data_dir):
    assert "setup-form" in client.get(link).text
    answer = client.post(link, ANSWERS)
    assert (answer.status_code, answer.url) == (302, "/accounts/second-factor/")
    user = User.objects.get()
    assert (user.username, str(user), user.role) == ("muster", "Dr. Anna Muster", User.Role.OWNER)
    assert user.is_superuser
    assert user.is_staff
    assert not (data_dir / TOKEN_NAME).exists()
    assert client.get("/").url == "/accounts/second-factor/"
    assert "data-secret" in client.get("/accounts/second-factor/").text


def test_the_link_works_once(client, link):
    client.post(link, ANSWERS)
    client.logout()
    again = client.post(link, {**ANSWERS, "username": "zweite"})
    assert again.status_code == 404
    assert User.objects.count() == 1


def test_of_two_at_the_same_time_one_wins(data_dir, link):
    assert [take_token(data_dir), take_token(data_dir)] == [True, False]


@pytest.mark.parametrize("hours", [24.1, -1])
def test_an_old_link_or_one_of_the_future_is_refused(client, data_dir, hours):
    link = urlsplit(create_setup_link(data_dir, timezone.now() - timedelta(hours=hours))).path
    page = client.post(link, ANSWERS)
    assert page.status_code == 404
    assert "setuplink" in page.text
    assert not User.objects.exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({"sha256": 1, "created_at": "yesterday"}), None])
def test_a_broken_token_file_opens_nothing(client, data_dir, content):
    if content is not None:
        (data_dir / TOKEN_NAME).write_text(content)
    assert client.get("/setup/anything/").status_code == 404


def test_a_weak_password_is_refused_and_the_link_still_works(client, link):
    weak = client.post(link, {**ANSWERS, "password1": "muster", "password2": "muster"})
    assert weak.status_code == 200
    assert "errorlist" in weak.text
    assert client.post(link, ANSWERS).status_code == 302


def test_a_password_like_the_name_is_refused(client, link):
    page = client.post(link, {**ANSWERS, "password1": "Dr. Anna-1", "password2": "Dr. Anna-1"})
    assert page.status_code == 200
    assert not User.objects.exists()


def test_the_command_prints_the_link():
    out = StringIO()
    call_command("setuplink", stdout=out)
    assert "/setup/" in out.getvalue()


def test_the_command_says_that_there_is_a_user():
    User.objects.create_superuser("muster", password="x")
    out = StringIO()
    call_command("setuplink", stdout=out)
    assert "/setup/" not in out.getvalue()
    assert "http://localhost:8000" in out.getvalue()


@pytest.mark.parametrize("language", ["de", "en"])
def test_pages_are_in_the_language_of_the_user(client, settings, language):
    here = f"{UserLanguageMiddleware.__module__}.{UserLanguageMiddleware.__name__}"
    settings.MIDDLEWARE = [*(name for name in settings.MIDDLEWARE if name != here), here]
    client.force_login(make_user(language=language))
    page = client.get("/", headers={"accept-language": "de" if language == "en" else "en"})
    assert f'<html lang="{language}">' in page.text


def test_the_owner_adds_a_user_who_may_log_in(client):
    client.force_login(make_user())
    password = "sieben-alte-Buchen"
    values = {"username": "mpa", "role": "reader", "language": "de", "password1": password, "password2": password}
    assert client.post("/accounts/user/add/", values).status_code == 302
    assert User.objects.get(username="mpa").is_staff
    client.post("/accounts/logout/")
    client.post("/accounts/login/", {"login": "mpa", "password": password})
    assert client.get("/").status_code == 200


def test_the_owner_changes_a_password(client):
    client.force_login(make_user())
    other = User.objects.create_user("mpa", password="alt", is_staff=True)
    values = {"password1": "neun-neue-Buchen", "password2": "neun-neue-Buchen", "set-password": "1"}
    assert client.post(f"/accounts/user/{other.pk}/password/", values).status_code == 302
    other.refresh_from_db()
    assert other.check_password("neun-neue-Buchen")


def test_nobody_deletes_himself(client):
    user = make_user()
    client.force_login(user)
    assert client.post(f"/accounts/user/{user.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("path", ["/no/such/page/", "/backups/archives/999/download/"])
def test_a_missing_page_is_a_page_of_ours(client, path):
    client.force_login(make_user())
    page = client.get(path)
    assert page.status_code == 404
    assert "oobsite.css" in page.text


def test_the_page_of_an_error_needs_nothing_that_could_fail_again(rf):
    from django.views.defaults import server_error

    page = server_error(rf.get("/"))
    assert page.status_code == 500
    assert "oobsite.css" in page.content.decode()
