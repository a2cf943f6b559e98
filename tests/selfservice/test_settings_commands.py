"""The commands of the appointments: what they print and how they end."""

from __future__ import annotations

import json

import pytest
from messaging import PASSWORD as MAIL_PASSWORD
from messaging import USER, authority, mail_server  # noqa: F401 - a fixture
from selfservicesite import PASSWORD, SETTINGS, run

from selfservice.messages import SETTINGS_FIELDS
from selfservice.models import SelfServiceSettings, SettingsVersion

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("webelexis")]


def test_rendersettings_writes_once(saved, webelexis):
    SelfServiceSettings.objects.update(name="Praxis am Rhein")
    code, text = run("rendersettings", "--json")
    assert (code, json.loads(text)["version"]) == (0, 2)
    assert webelexis.read_text() == SETTINGS.replace("Praxis Dr. Müller", "Praxis am Rhein")
    assert json.loads(run("rendersettings", "--json")[1])["version"] is None


def test_check_and_diff_write_nothing(saved, webelexis):
    assert run("rendersettings", "--check")[0] == 0
    SelfServiceSettings.objects.update(name="Praxis am Rhein")
    code, text = run("rendersettings", "--check")
    assert (code, "--diff" in text) == (1, True)
    code, text = run("rendersettings", "--diff")
    assert (code, PASSWORD in text) == (0, False)
    assert "+    sitename: 'Praxis am Rhein'," in text
    assert run("rendersettings", "--diff", "--check")[0] == 1
    assert webelexis.read_text() == SETTINGS
    assert not SettingsVersion.objects.exists()


def test_no_sign_of_the_file_moves_the_terminal(saved, webelexis):
    webelexis.write_text(SETTINGS.replace("// Minuten", "// \x1b[2J\x9bMinuten"))
    SelfServiceSettings.objects.update(duration_minutes=30)
    code, text = run("rendersettings", "--diff")
    assert code == 0
    assert "minDuration: 30, // \\x1b[2J\\x9b" in text
    assert not set(text) & {"\x1b", "\x9b"}


def test_rendersettings_without_settings_says_what_to_do():
    code, text = run("rendersettings", "--json")
    assert (code, json.loads(text)["error"]) == (1, "self-service-unset")


def test_rendersettings_writes_no_value_on_which_webelexis_hangs(saved, webelexis):
    SelfServiceSettings.objects.update(duration_minutes=0)
    code, text = run("rendersettings", "--json")
    assert (code, json.loads(text)["error"]) == (1, "self-service-invalid")
    assert webelexis.read_text() == SETTINGS


def test_a_refused_file_is_left_alone(saved, webelexis):
    webelexis.write_text("export const a = 1\nmodule.exports = [1]\n")
    code, text = run("rendersettings", "--json")
    assert (code, json.loads(text)["error"]) == (1, "settings-refused")
    assert webelexis.read_text() == "export const a = 1\nmodule.exports = [1]\n"


def test_showsettings_shows_the_file_before_the_first_use():
    shown = json.loads(run("showsettings", "--json")[1])
    assert (shown["saved"], shown["exists"]) == (False, True)
    assert shown["settings"]["name"] == "Praxis Dr. Müller"
    assert shown["settings"]["user"] == "process.env.SMTPUSER"
    assert shown["settings"]["password"] == "••••••••"


def test_showsettings_tells_where_the_file_differs(saved, webelexis):
    webelexis.write_text(SETTINGS.replace(PASSWORD, "changed-by-hand"))
    shown = run("showsettings", "--json")[1]
    assert json.loads(shown)["different"] == ["password"]
    assert PASSWORD not in shown
    assert "changed-by-hand" not in shown
    assert run("showsettings")[1].count(str(SETTINGS_FIELDS["password"])) == 2  # its line, and what differs


def can_send(port: int) -> None:
    row = SelfServiceSettings.load()
    row.expressions, row.host, row.port, row.user, row.password = {}, "localhost", port, USER, MAIL_PASSWORD
    row.save()


def test_testmail_sends_what_a_patient_would_get(saved, authority):  # noqa: F811
    with mail_server("tls", authority.issue()) as box:
        can_send(box.port)
        code, text = run("testmail", "mpa@example.ch", "--json")
    assert (code, json.loads(text)["ok"]) == (0, True)
    mail = box.mails[0]
    assert mail["To"] == "mpa@example.ch"
    assert "Ihr Termin: Montag, " in mail.get_body().get_content()
    assert [part.get_content_type() for part in mail.iter_attachments()] == ["text/calendar"]
    assert SelfServiceSettings.load().mail_result["code"] == "selfservice-mail-sent"


def test_testmail_tells_what_is_wrong(saved, authority):  # noqa: F811
    with mail_server("tls", authority.issue()) as box:
        can_send(box.port)
        SelfServiceSettings.objects.update(user="somebody")
        code, text = run("testmail", "mpa@example.ch", "--json")
        SelfServiceSettings.objects.update(host="127.0.0.1")
        other = json.loads(run("testmail", "mpa@example.ch", "--json")[1])
    assert (code, json.loads(text)["error"]) == (1, "mail-login-refused")
    assert other["error"] == "certificate-refused"
    assert MAIL_PASSWORD not in text


@pytest.mark.parametrize(
    ("change", "code"),
    [({}, "mail-value-unknown"), ({"expressions": {}, "confirmation": ""}, "confirmation-empty")],
)
def test_testmail_needs_values_and_a_text(saved, change, code):
    SelfServiceSettings.objects.update(**change)
    assert json.loads(run("testmail", "mpa@example.ch", "--json")[1])["error"] == code


def test_testmail_wants_an_address_before_anything_else(saved):
    assert json.loads(run("testmail", "nix", "--json")[1])["error"] == "mail-address-invalid"
