"""The page when nobody works in the queue."""

from __future__ import annotations

import pytest
from django.db import transaction
from django_q.models import OrmQ
from selfservicesite import PAGE
from test_settings_screens import FORM

from backups.services import asking
from selfservice.models import SelfServiceSettings
from tests.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages", "saved")]


def test_a_silent_worker_is_told_and_the_form_is_there(client, monkeypatch):
    monkeypatch.setattr(asking, "ANSWER_SECONDS", 0.05)
    client.force_login(make_user("owner", language="en"))
    page = client.get(PAGE)
    assert page.context["standing"].state == "silent"
    assert "The worker" in page.content.decode()
    assert SelfServiceSettings.load().name in page.content.decode()


def test_nobody_fills_in_a_form_for_a_file_that_nobody_has_read(client, monkeypatch):
    SelfServiceSettings.objects.all().delete()
    monkeypatch.setattr(asking, "ANSWER_SECONDS", 0.05)
    client.force_login(make_user("owner", language="en"))
    assert b'name="phone"' not in client.get(PAGE).content
    assert client.post(PAGE, FORM).status_code == 302
    assert not SelfServiceSettings.objects.exists()


def test_a_question_within_a_transaction_is_refused():
    with transaction.atomic(), pytest.raises(RuntimeError):
        asking.ask("preview_restore", [])
    assert not OrmQ.objects.exists()
