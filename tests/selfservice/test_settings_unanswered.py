"""The page when nobody works in the queue."""

from __future__ import annotations

import pytest

from backups.services import asking
from selfservice.models import SelfServiceSettings
from tests.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages", "saved")]


def test_a_silent_worker_is_told_and_the_form_is_there(client, monkeypatch):
    monkeypatch.setattr(asking, "ANSWER_SECONDS", 0.05)
    client.force_login(make_user("owner", language="en"))
    page = client.get("/selfservice/selfservicesettings/1/change/")
    assert page.context["standing"].state == "silent"
    assert "The worker" in page.content.decode()
    assert SelfServiceSettings.load().name in page.content.decode()
