"""Values that nobody expects in the file, or in the row: every page bears them, and nothing is written unseen."""

from __future__ import annotations

import pytest
from django.urls import reverse
from nodejs import read_as_old
from selfservicesite import PAGE, PASSWORD, SETTINGS, logged_in, order_back

from oobsite.accounts.actors import system_actor
from oobsite.alerts.domain.errors import MailNotSetError
from oobsite.alerts.sending import mail_server
from oobsite.keys import FIELD_KEYS_NAME, create_field_keys
from selfservice import jobs, services
from selfservice.models import SelfServiceSettings, SettingsVersion

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages", "answering", "webelexis")]
LINES = {
    "name": "sitename: 'Praxis Dr. Müller'",
    "mail": "sitemail: 'praxis@example.ch'",
    "duration_minutes": "minDuration: 20",
    "password": f"pwd: '{PASSWORD}'",
}


def put(webelexis, literal, *fields):
    text = SETTINGS
    for line in (LINES[field] for field in fields):
        text = text.replace(line, f"{line.partition(':')[0]}: {literal}")
    webelexis.write_text(text)


def fail(version: SettingsVersion) -> str:
    """What becomes of an order that must not be written."""
    code = jobs.write(version.pk)
    version.refresh_from_db()
    assert (version.state, version.error_code) == ("failed", code)
    return code


@pytest.mark.parametrize("literal", ["'\\ud800'", "'a\\0b'", "1e400", "-1e300", "true", "null", f"'{'x' * 10_000}'"])
def test_every_page_bears_whatever_the_file_says(owner, webelexis, literal):
    put(webelexis, literal, *LINES)
    assert owner.get(PAGE).status_code == 200
    assert owner.post(reverse("selfservice:take-over")).status_code == 302
    assert SelfServiceSettings.load().is_stored
    assert owner.get(PAGE).status_code == 200
    assert owner.get(reverse("selfservice:change")).status_code == 200


@pytest.mark.parametrize("role", ["owner", "reader"])
def test_a_value_is_text_in_a_page_whatever_stands_in_it(client, webelexis, role):
    put(webelexis, "'</script><script>alert(1)</script>\"onload=x'", "name")
    SelfServiceSettings.objects.create(name="<img src=x>", pk=SelfServiceSettings.PK)
    reader = logged_in(client, role)
    page = reader.get(PAGE).content.decode()
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "<img src=x>" not in page


@pytest.mark.parametrize("role", ["owner", "reader"])
def test_no_secret_of_an_expression_is_shown(client, saved, webelexis, role):
    spread = f"...{{host: 'x', pwd: '{PASSWORD}'}},"
    webelexis.write_text(SETTINGS.replace("host: 'mail.example.ch',", spread))
    page = logged_in(client, role).get(PAGE).content.decode()
    assert 'data-standing="foreign"' in page
    assert "...{host: &#x27;x&#x27;, pwd: ••••••••}" in page
    assert PASSWORD not in page


def test_what_oobsite_never_had_cannot_count(owner):
    owner.post(reverse("selfservice:keep"))
    assert not SelfServiceSettings.objects.exists()


@pytest.mark.parametrize("line", ["user: 'von-hand',", "", None])
def test_an_expression_that_has_gone_is_not_replaced_by_nothing(saved, webelexis, line):
    if line is None:
        webelexis.unlink()
    else:
        webelexis.write_text(SETTINGS.replace("user: process.env.SMTPUSER,", line))
    change = services.preview()
    assert (change.problem.code, change.problem.fields) == ("value-unknown", ["user"])
    assert "user:" not in change.by_hand
    assert "host:" in change.by_hand


def test_values_that_are_not_right_are_not_told_to_be_put_in_by_hand(saved):
    SelfServiceSettings.objects.update(port=587)
    change = services.preview()
    assert change.problem.fields == ["port"]
    assert change.by_hand == ""


@pytest.mark.parametrize("minutes", ["0", "-5", "null", "'x'"])
def test_a_state_with_which_webelexis_hangs_is_not_put_back(saved, webelexis, minutes):
    before = webelexis.read_bytes()
    content = SETTINGS.replace("minDuration: 20", f"minDuration: {minutes}").encode()
    version = order_back(content)
    assert fail(version) == "self-service-invalid"
    assert webelexis.read_bytes() == before


@pytest.mark.parametrize("content", [b"module.exports = {", b"\xff\xfe\0", b""])
def test_a_broken_state_is_not_put_back(saved, webelexis, content):
    version = order_back(content)
    assert fail(version) == "settings-refused"
    assert webelexis.read_text() == SETTINGS


def test_a_mistake_of_ours_ends_the_order_too(saved, webelexis):
    version = order_back(b"")
    version.stored_content = f"{PASSWORD} cut off"
    version.save()
    with pytest.raises(ValueError, match="base64"):
        jobs.write(version.pk)
    version.refresh_from_db()
    assert (version.state, version.error_code) == ("failed", "settings-unexpected")
    assert PASSWORD not in str(version.error_params)
    assert webelexis.read_text() == SETTINGS


def test_a_state_that_does_not_follow_all_rules_can_be_put_back(saved, webelexis):
    content = SETTINGS.replace("port: 465", "port: 587").encode()
    version = order_back(content)
    assert jobs.write(version.pk) == "done"
    assert webelexis.read_bytes() == content
    assert SelfServiceSettings.load().port == 587


def test_a_lost_key_does_not_lock_the_page(owner, saved, settings, webelexis):
    (settings.OOB_DATA_DIR / FIELD_KEYS_NAME).unlink()
    create_field_keys(settings.OOB_DATA_DIR)
    assert owner.get(PAGE).status_code == 200
    assert services.preview().problem.code == "secret-unreadable"
    assert services.preview().by_hand == ""
    owner.post(reverse("selfservice:take-over"))
    assert SelfServiceSettings.load().password.reveal() == PASSWORD


@pytest.mark.parametrize(
    ("field", "value"),
    [("mail", "praxis@example.ch\n"), ("name", "Praxis\r\nBcc: alle@example.ch"), ("host", "a..b"), ("host", "ä" * 70)],
)
def test_no_mail_is_made_of_a_value_that_no_mail_can_have(saved, field, value):
    saved.expressions, saved.user, saved.port = {}, "praxis", 1
    setattr(saved, field, value)
    saved.save()
    assert jobs.send_mail("patient@example.ch") == "self-service-invalid"
    with pytest.raises(MailNotSetError):
        mail_server()


@pytest.mark.parametrize("address", ["a@b.ch\nBcc: c@d.ch", "a@b.ch, c@d.ch", "<a@b.ch>", "a@\0", "a", ""])
def test_a_test_mail_goes_to_one_address_alone(saved, address):
    saved.expressions, saved.user, saved.host, saved.port = {}, "praxis", "127.0.0.1", 1
    saved.save()
    assert jobs.send_mail(address) == "mail-address-invalid"


def test_a_folder_that_is_not_mounted_is_told(owner, webelexis):
    webelexis.unlink()
    webelexis.parent.rmdir()
    assert "There is no folder" in owner.get(PAGE).content.decode()
    assert services.look().problem.code == "settings-folder-missing"


def test_a_written_value_is_one_value_whatever_is_in_it(saved, webelexis):
    text = "</script>`${x}` \"'\\ 😀 {*} <!-- " + "x" * 10_000
    SelfServiceSettings.objects.update(confirmation=text)
    services.write_now(system_actor())
    loaded = read_as_old(webelexis.parent)
    assert (loaded["schedule"]["confirm"], loaded["smtp"]["pwd"]) == (text, PASSWORD)
    assert services.write_now(system_actor()) is None
