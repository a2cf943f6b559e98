"""Marked secrets are planted everywhere; then pages, error pages, logs, audit and database are searched for them."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import re
import subprocess
import sys

import pytest
from django.contrib.admin.models import ADDITION, LogEntry
from django.core.management import call_command
from django.db import connection
from django.test import RequestFactory
from django.urls import reverse
from django.views.debug import ExceptionReporter, technical_500_response
from realsite import ROOT, installation_environment

from backups.models import BackupRun
from oobsite import crypto
from oobsite.keys import FIELD_KEYS_NAME, RECOVERY_NAME, SECRET_KEY_NAME, create_field_keys, create_recovery_key
from tests.people import make_user

DBPWD = "oobMARK-dbpwd-7c1f"
BACKUP_DBPWD = "oobMARK-backup-91be"
URL_PWD = "oobMARK-url-55d0"
PASSWORD = "oobMARK-password-08aa"
TYPED = "oobMARK-typed-4e4e"
STORED = "oobMARK-stored-c3c3"
MARKS = (DBPWD, BACKUP_DBPWD, URL_PWD, PASSWORD, TYPED, STORED)
MOST_PAGES = 120


def found_in(content: str | bytes, *more: str) -> list[str]:
    """Which secrets stand in it, as they are or in base64."""
    data = content.encode() if isinstance(content, str) else content
    return [mark for mark in (*MARKS, *more) if mark.encode() in data or base64.b64encode(mark.encode())[:-4] in data]


@pytest.fixture
def planted(installation, settings, caplog, monkeypatch) -> tuple[str, ...]:
    """Secrets in settings, environment, user, second factor and keys; returns those that nobody can choose."""
    settings.DBPWD, settings.OOB_BACKUP_DBPWD = DBPWD, BACKUP_DBPWD
    settings.OOB_DATA_DIR = installation / "data"
    (settings.OOB_DATA_DIR / SECRET_KEY_NAME).write_text(settings.SECRET_KEY)
    create_field_keys(settings.OOB_DATA_DIR)
    passphrase = create_recovery_key(settings.OOB_DATA_DIR)
    for name, value in (("DBPWD", DBPWD), ("OOB_DATABASE_URL", f"mysql://u:{URL_PWD}@h/d")):
        monkeypatch.setenv(name, value)
    caplog.set_level(logging.DEBUG)
    field_key = (settings.OOB_DATA_DIR / FIELD_KEYS_NAME).read_text().strip()
    recovery_key = json.loads((settings.OOB_DATA_DIR / RECOVERY_NAME).read_text())["key"]
    return settings.SECRET_KEY, field_key, recovery_key, passphrase


def make_owner():
    from allauth.mfa.models import Authenticator

    owner = make_user("owner")
    owner.set_password(PASSWORD)
    owner.save()
    Authenticator.objects.filter(user=owner, type="totp").update(data={"secret": crypto.encrypt(STORED)})
    LogEntry.objects.create(
        user=owner, content_type_id=None, object_repr="x", action_flag=ADDITION, change_message="[]"
    )
    return owner


def back_up_oobsite() -> None:
    call_command("runbackup", "--source=oobsite", "--json")


def crawl(client) -> dict[str, bytes]:
    """All pages that can be reached by links from the overview, and their content."""
    waiting, pages = [reverse("admin:index")], {}
    while waiting and len(pages) < MOST_PAGES:
        path = waiting.pop(0)
        if path in pages:
            continue
        answer = client.get(path)
        pages[path] = b"".join(answer.streaming_content) if answer.streaming else answer.content
        if answer.get("Content-Type", "").startswith("text/html"):
            links = re.findall(r'href="(/[^"#]*|\?[^"#]*)', pages[path].decode())
            waiting += [link if link.startswith("/") else path.partition("?")[0] + link for link in links]
    return pages


@pytest.mark.usefixtures("pages", "transactional_db")
def test_no_page_log_row_or_audit_event_of_the_site_shows_one(planted, client, caplog):
    owner = make_owner()
    client.post(reverse("account_login"), {"login": "owner", "password": TYPED})
    client.force_login(owner)
    wrong = {"oldpassword": TYPED, "password1": TYPED + "1", "password2": TYPED + "2"}
    client.post(reverse("account_change_password"), wrong)
    back_up_oobsite()
    BackupRun.objects.create(trigger=BackupRun.Trigger.SCREEN)

    pages = crawl(client)

    assert len(pages) > 15
    assert any("auditevent" in path for path in pages)
    leaks = {path: marks for path, content in pages.items() if (marks := found_in(content, *planted))}
    assert leaks == {}
    assert found_in(caplog.text, *planted) == []
    assert rows_with_secrets(planted) == {}


def rows_with_secrets(more: tuple[str, ...]) -> dict[str, list[str]]:
    """Tables in which a secret stands as it is."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            if marks := found_in(repr(cursor.fetchall()), *more):
                found[table] = marks
    return found


def test_what_is_backed_up_of_oobsite_holds_them_hashed_encrypted_or_wrapped(planted, installation, transactional_db):
    make_owner()
    back_up_oobsite()
    for path in (installation / "backup").iterdir():
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
        assert found_in(content, *planted) == [], path.name


# --- error pages --------------------------------------------------------------------------------------------
class Holder:
    """An object that shows its secret to whoever asks."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def __repr__(self) -> str:
        return f"Holder({self.secret})"


def fail(request) -> None:
    harmless_name = DBPWD
    holder, rows = Holder(BACKUP_DBPWD), [{"any": STORED}]
    environment = {"OOB_DATABASE_URL": f"mysql://u:{URL_PWD}@h/d"}
    raise RuntimeError(f"{len(harmless_name)} {len(rows)} {type(holder)} {len(environment)} {request.method}")


def caught(request):
    try:
        fail(request)
    except RuntimeError:
        return sys.exc_info()
    raise AssertionError


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("accept", ["text/html", "text/plain"])
def test_no_error_page_and_no_report_shows_one(debug, accept, planted, settings):
    settings.DEBUG = debug
    headers = {"accept": accept, "authorization": f"Basic {TYPED}", "cookie": f"sessionid={TYPED}"}
    request = RequestFactory(headers=headers).post("/x", {"login": "a", "anything": TYPED, "password": PASSWORD})
    request.META |= {"DBPWD": DBPWD, "OOB_BACKUP_DBPWD": BACKUP_DBPWD, "OOB_DATABASE_URL": f"mysql://u:{URL_PWD}@h/d"}
    info = caught(request)

    page = technical_500_response(request, *info).content
    report = ExceptionReporter(request, *info, is_email=True)

    assert b"RuntimeError" in page
    for content in (page, report.get_traceback_text(), report.get_traceback_html()):
        assert found_in(content, *planted) == []


def test_what_a_person_needs_to_find_the_cause_is_still_there(planted, settings):
    settings.DEBUG = True
    request = RequestFactory().get("/x")
    page = technical_500_response(request, *caught(request)).content.decode()
    for text in ("harmless_name", "&lt;str&gt;", "TIME_ZONE", "Europe/Zurich", "fail"):
        assert text in page


def test_a_broken_database_address_does_not_quote_its_password(tmp_path):
    for address in (f"mysql://u:{URL_PWD}/x@h/d", f"nosuch://u:{URL_PWD}@h/d", f"mysql://u:{URL_PWD}@[h/d"):
        environment = installation_environment(tmp_path) | {"OOB_DATABASE_URL": address}
        done = subprocess.run(
            [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True
        )
        assert done.returncode != 0
        assert found_in(done.stdout + done.stderr) == []
        assert "Traceback" not in done.stderr


def test_every_page_for_passwords_marks_what_is_typed_as_secret():
    """Django and allauth mark theirs; a page of ours with a password must not be forgotten."""
    source = (ROOT / "oobsite" / "accounts" / "views.py").read_text(encoding="utf-8")
    assert '@sensitive_post_parameters("password1", "password2")' in source
