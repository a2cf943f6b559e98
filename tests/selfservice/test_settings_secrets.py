"""The password of the mail server: in Webelexis' file, encrypted in our database, and nowhere else."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest
from django.db import connection
from django.urls import reverse
from selfservicesite import PAGE, PASSWORD, SETTINGS
from waiting import PATIENCE_SECONDS

from oobsite.accounts.actors import system_actor
from oobsite.alerts.composing import compose
from oobsite.alerts.models import Alert, Occasion
from oobsite.alerts.secrecy import clean_params, hide_known
from oobsite.keys import make_field_key
from oobsite.rotation import encrypt_anew, encrypted_slots
from selfservice import jobs, services
from selfservice.domain import loading
from selfservice.domain.errors import SettingsChangedError
from selfservice.models import SelfServiceSettings, SettingsVersion
from tests.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages", "answering")]
OTHER = "oobMARK-new-77ab"


def dump() -> str:
    """The whole database as text."""
    return "\n".join(connection.connection.iterdump())


@pytest.fixture
def changed(saved):
    """A new password that is wanted and not written yet."""
    saved.password, saved.name = OTHER, "Praxis am Rhein"
    saved.save()
    return saved


def test_neither_database_nor_log_holds_it_in_clear(changed, caplog, webelexis):
    caplog.set_level(logging.DEBUG)
    services.ask_look()
    services.ask_change()
    services.write_now(system_actor())
    assert OTHER in webelexis.read_text()
    found = dump() + caplog.text
    assert "Praxis am Rhein" in found
    assert [secret for secret in (PASSWORD, OTHER) if secret in found] == []


def test_no_page_shows_it(changed, client):
    services.write_now(system_actor())
    client.force_login(make_user("owner"))
    names = ("selfservice:change", "selfservice:state", "selfservice:offers")
    pages = [client.get(reverse(name)) for name in names]
    pages += [client.get(PAGE)]
    pages += [client.get("/selfservice/selfservicesettings/1/history/")]
    pages += [client.get(reverse("selfservice:diff"), {"older": 1, "newer": 2})]
    assert [page.status_code for page in pages] == [200] * len(pages)
    text = "".join(page.content.decode() for page in pages)
    assert [secret for secret in (PASSWORD, OTHER) if secret in text] == []


def test_a_form_that_is_refused_does_not_send_it_back(saved, client):
    client.force_login(make_user("owner"))
    page = client.post(PAGE, {"password": OTHER, "port": "x"})
    assert page.status_code == 200
    assert OTHER not in page.content.decode()


def test_no_error_and_no_trace_holds_it(changed, webelexis):
    webelexis.write_text(SETTINGS + "// von Hand\n")
    version = SettingsVersion.objects.create(number=1, origin="form", made_at="2026-11-28T00:00Z")
    with pytest.raises(SettingsChangedError) as caught:
        services.write_version(version.pk)
    shown = repr(caught.value) + str(caught.value) + "".join(map(repr, [changed, changed.__dict__, services.look()]))
    assert [secret for secret in (PASSWORD, OTHER) if secret in shown] == []


@pytest.fixture
def slow_node(folder, fake_tool, monkeypatch):
    """What checks the file waits until somebody has seen it; returns the file that tells it so."""
    monkeypatch.setattr(loading, "SECONDS", PATIENCE_SECONDS)
    fake_tool("node", f'until test -e {folder}/seen; do sleep 0.02; done; exec {{real}} "$@"')
    return folder / "seen"


def test_no_process_has_it_on_its_command_line_or_in_its_environment(changed, webelexis, slow_node):
    seen: set[bytes] = set()
    is_over = threading.Event()

    def watch():
        while not is_over.is_set():
            for name in ("cmdline", "environ"):
                seen.update(read(path / name) for path in Path("/proc").glob("[0-9]*"))
            if any(b"bin/node\0" in text for text in seen):
                slow_node.touch()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        services.write_now(system_actor())
    finally:
        is_over.set()
        watcher.join()
    assert OTHER in webelexis.read_text()
    assert any(b"bin/node\0" in text for text in seen)  # what checks the file was seen, too
    assert not [text for text in seen if OTHER.encode() in text or PASSWORD.encode() in text]


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_new_keys_encrypt_the_states_anew(changed):
    services.write_now(system_actor())
    assert encrypt_anew(make_field_key()).done == 3  # the row and two states
    tokens = {slot.model: slot.value.token for slot in encrypted_slots()}
    assert set(tokens) == {SelfServiceSettings, SettingsVersion}
    assert tokens[SelfServiceSettings] != changed.password.token


def test_the_job_answers_with_a_code_alone(changed, webelexis):
    webelexis.write_text("module.exports = 1")
    version = SettingsVersion.objects.create(number=1, origin="form", made_at="2026-11-28T00:00Z")
    assert jobs.write(version.pk) == "settings-refused"


def test_no_alert_holds_it(changed):
    SelfServiceSettings.objects.update(user="praxis")
    assert changed.expressions  # the server cannot be used for alerts, and its password is none the less secret
    alert = Alert(code="run-failed", level="error", params=clean_params({"reason": f"554 {OTHER} is wrong"}))
    message = compose(alert, Occasion.ALERT)
    assert OTHER not in f"{alert.params} {message.subject} {message.text}"
    assert hide_known(f"554 {OTHER}") == "554 ●●●"


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ('process.env.SMTPPASSWORD || "oobMARK-smtp-93c1"', "process.env.SMTPPASSWORD …"),
        ("process.env.SMTPPASSWORD", "process.env.SMTPPASSWORD"),
        ("String(93) /* oobMARK-smtp-93c1 */", "••••••••"),
    ],
)
def test_an_expression_is_shown_without_the_password_in_it(webelexis, expression, shown):
    webelexis.write_text(SETTINGS.replace(f"'{PASSWORD}'", expression))
    assert services.look().expressions["password"] == shown
