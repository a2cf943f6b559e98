"""The screens of alerts: who is told, what failed and why, and secrets that are written and never read."""

from __future__ import annotations

import json

import pytest
from django.core.checks import run_checks
from django.test import Client
from django.utils import timezone
from messaging import PASSWORD

from backups.messages import SENTENCES
from oobsite.alerts import raise_alert
from oobsite.alerts.delivering import deliver_due
from oobsite.alerts.models import Alert, AlertChannel, MailSettings
from oobsite.alerts.sending import mail_server
from oobsite.audit.models import AuditEvent
from oobsite.crypto import decrypt
from tests.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages")]
LIST, CHANNELS, MAIL = "/alerts/alert/", "/alerts/alertchannel/", "/alerts/mailsettings/1/change/"


@pytest.fixture
def owner(client, secrets_folder) -> Client:
    client.force_login(make_user(language="en"))
    return client


def channel_form(**values) -> dict[str, str]:
    form = {"name": "Praxis", "kind": "mail", "addresses": "a@b.ch", "url": "", "on_failure": "on", "is_active": "on"}
    return form | values


def mail_form(**values) -> dict[str, str]:
    form = {"host": "smtp.example.ch", "port": "587", "security": "starttls", "user": "u", "sender": "a@example.ch"}
    return form | values


def test_a_recipient_by_mail(owner):
    owner.post(f"{CHANNELS}add/", channel_form(addresses="a@b.ch, c@d.ch\ne@f.ch"))
    channel = AlertChannel.objects.get()
    assert channel.recipients == ("a@b.ch", "c@d.ch", "e@f.ch")
    assert AuditEvent.objects.filter(action="channel.added").exists()
    assert owner.get(CHANNELS).url == LIST


@pytest.mark.parametrize(
    "values", [{"addresses": ""}, {"addresses": "nonsense"}, {"kind": "apprise"}, {"kind": "apprise", "url": "no://x"}]
)
def test_a_recipient_that_cannot_be_reached_is_refused(values, owner):
    page = owner.post(f"{CHANNELS}add/", channel_form(**values))
    assert page.status_code == 200
    assert "errorlist" in page.text
    assert not AlertChannel.objects.exists()


def test_the_address_of_a_service_is_stored_encrypted_and_shown_nowhere(owner, web):
    url = f"json://me:{PASSWORD}@127.0.0.1:{web.port}/hook"
    owner.post(f"{CHANNELS}add/", channel_form(kind="apprise", url=url))
    channel = AlertChannel.objects.get()
    assert decrypt(channel.url.token) == url
    pages = [owner.get(path).text for path in ("/", LIST, CHANNELS, f"{CHANNELS}{channel.pk}/change/")]
    assert [page for page in pages if PASSWORD in page] == []
    assert PASSWORD not in repr(list(AuditEvent.objects.values()))
    owner.post(f"{CHANNELS}{channel.pk}/change/", channel_form(kind="apprise", name="Other"))
    assert AlertChannel.objects.get().url.reveal() == url


def test_a_test_that_arrives(owner, mail_channel, box):
    page = owner.post(f"{CHANNELS}{mail_channel.pk}/test/", follow=True)
    assert "handed over" in page.text
    assert "Praxis" in box.mails[0].get_content()
    assert AlertChannel.objects.get().last_ok_at


BREAKS = {
    "host-unknown": {"OOB_SMTP_HOST": "no-such-host.invalid"},
    "server-refuses": {"OOB_SMTP_PORT": 1},
    "tls-failed": {"OOB_SMTP_SECURITY": "tls"},
    "starttls-missing": {"OOB_SMTP_SECURITY": "starttls"},
    "mail-login-refused": {"OOB_SMTP_USER": "u"},
    "mail-address-invalid": {"OOB_SMTP_FROM": "nobody"},
    "mail-not-set": {"OOB_SMTP_HOST": ""},
}


@pytest.mark.parametrize("code", BREAKS)
def test_a_test_that_fails_says_why(code, owner, mail_channel, settings):
    for name, value in BREAKS[code].items():
        setattr(settings, name, value)
    page = owner.post(f"{CHANNELS}{mail_channel.pk}/test/", follow=True)
    assert str(SENTENCES[code]).partition("%")[0] in page.text
    assert AlertChannel.objects.get().error_code == code
    assert 'data-alerts="bad"' in owner.get("/").text


def test_a_service_that_answers_with_an_error(owner, web_channel, web):
    web.answers["/hook"] = 503
    page = owner.post(f"{CHANNELS}{web_channel.pk}/test/", follow=True)
    assert "status 503" in page.text
    web.answers.clear()
    owner.post(f"{CHANNELS}{web_channel.pk}/test/")
    assert AlertChannel.objects.get().error_code == ""
    assert json.loads(web.asked[-1][1])["type"] == "info"


# --- the mail server ----------------------------------------------------------------------------------------
def test_the_mail_server_of_the_screen_comes_before_that_of_the_environment(owner, settings):
    settings.OOB_SMTP_HOST = "env.example.ch"
    assert mail_server().host == "env.example.ch"
    owner.post(MAIL, mail_form(password=PASSWORD))
    server = mail_server()
    assert (server.host, server.password, server.sender) == ("smtp.example.ch", PASSWORD, "a@example.ch")
    assert PASSWORD not in owner.get(MAIL).text
    assert PASSWORD not in repr(list(MailSettings.objects.values()))


@pytest.mark.parametrize("change", [{"host": "evil.example.com"}, {"port": "25"}, {"user": "v"}, {"security": "none"}])
def test_the_stored_password_goes_to_no_other_server(change, owner):
    owner.post(MAIL, mail_form(password=PASSWORD))
    assert owner.post(MAIL, mail_form(**change)).status_code == 200
    assert mail_server().host == "smtp.example.ch"
    owner.post(MAIL, mail_form(**change, password="other"))
    assert mail_server().password == "other"


@pytest.mark.parametrize("host", ["smtp hin ch", "https://smtp.hin.ch", "eva@hin.ch", "smtp.hin.ch:587"])
def test_what_is_no_name_of_a_server_is_refused(host, owner):
    assert "the name of the mail server alone" in owner.post(MAIL, mail_form(host=host)).text
    assert not MailSettings.objects.exists()


def test_other_changes_keep_the_password(owner):
    owner.post(MAIL, mail_form(password=PASSWORD))
    owner.post(MAIL, mail_form(sender="b@example.ch"))
    assert (mail_server().sender, mail_server().password) == ("b@example.ch", PASSWORD)


def test_the_usual_ports(owner):
    for security, port in (("starttls", 587), ("tls", 465), ("none", 25)):
        owner.post(MAIL, mail_form(security=security, port="", user=""))
        assert mail_server().port == port


def test_mail_without_encryption_is_said_aloud(owner):
    AlertChannel.objects.create(name="a", addresses="a@b.ch")
    owner.post(MAIL, mail_form(security="none", user=""))
    assert "everybody on the way can read it" in owner.get(MAIL).text
    assert [problem.id for problem in run_checks() if problem.id.startswith("alerts")] == ["alerts.W002"]
    owner.post(MAIL, mail_form(security="none", user="", host="localhost"))
    assert [problem.id for problem in run_checks() if problem.id.startswith("alerts")] == []


# --- lists --------------------------------------------------------------------------------------------------
def test_the_first_screen_says_that_nobody_is_told(owner):
    page = owner.get("/").text
    assert 'data-alerts="warn"' in page
    assert f"{CHANNELS}add/" in page


def test_the_first_screen_shows_what_lasts(owner, mail_channel):
    assert "data-alerts" not in owner.get("/").text
    raise_alert("backup", code="run-failed", params={"action": "backup", "started_at": timezone.now().isoformat()})
    page = owner.get("/").text
    assert 'data-alerts="bad"' in page
    assert "Backup failed" in page


def test_an_alert_shows_failed_deliveries_with_their_reason(owner, mail_channel, box):
    box.refused_senders.add("oobsite@example.ch")
    raise_alert("backup", code="run-failed", params={"action": "backup"})
    deliver_due()
    page = owner.get(f"{LIST}{Alert.objects.get().pk}/change/").text
    assert "does not send mail from oobsite@example.ch" in page
    assert "Next try" in page
    assert "does not send mail from" in owner.get(LIST).text


def test_open_ones_stand_first(owner):
    for code in ("run-missed", "disk-filling"):
        raise_alert(code, code=code, level="warning")
    Alert.objects.filter(code="disk-filling").update(cleared_at=timezone.now(), unique_key=None)
    page = owner.get(LIST).text
    assert page.index("Backup missed") < page.index("The backup disk is filling up")
    assert "filling up" not in owner.get(f"{LIST}?open=yes").text


def test_marking_as_done_is_on_record_and_tells_it_is_over(owner, mail_channel, box):
    raise_alert("backup", code="run-failed")
    deliver_due()
    alert = Alert.objects.get()
    for _time in range(2):
        owner.post(f"{LIST}{alert.pk}/dismiss/")
    assert not Alert.objects.get().is_open
    assert AuditEvent.objects.filter(action="alert.dismissed").count() == 1
    deliver_due()
    assert len(box.mails) == 2


def test_a_broken_channel_is_a_system_check(mail_channel, settings):
    assert [problem.id for problem in run_checks() if problem.id.startswith("alerts")] == []
    settings.OOB_SMTP_HOST = ""
    (problem,) = [problem for problem in run_checks() if problem.id == "alerts.W001"]
    assert "Praxis" in problem.msg
