"""The page of appointments: from the file into the form, shown as a diff, written, back again."""

from __future__ import annotations

import pytest
from django.urls import reverse
from selfservicesite import PAGE, PASSWORD, SETTINGS, logged_in

from oobsite.audit.models import AuditEvent
from selfservice import jobs
from selfservice.models import SelfServiceSettings, SettingsVersion

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages", "answering", "webelexis")]
FORM = {
    "name": "Praxis Dr. Müller",
    "mail": "praxis@example.ch",
    "address": "Bahnhofstrasse 12, 8200 Schaffhausen",
    "phone": "052 555 12 34",
    "appointment_type": "Normal",
    "duration_minutes": "20",
    "daily_maximum": "8",
    "agenda_area": "Arzt",
    "confirmation": "Grüezi! Ihr Termin: {*}.",
    "host": "mail.example.ch",
    "port": "465",
    "user": "",
    "password": "",
    "generation": "3.7",
}


def save(client, **changed):
    return client.post(PAGE, {**FORM, **changed})


def write(client):
    """What the page of the change offers, and the worker does."""
    change = client.get(reverse("selfservice:change")).context["change"]
    client.post(reverse("selfservice:write"), {"fingerprint": change.fingerprint, "wanted": change.wanted})
    return work()


def work() -> str:
    return jobs.write(SettingsVersion.objects.get(state="pending").pk)


def test_the_first_look_shows_the_file_and_stores_nothing(owner):
    page = owner.get(PAGE).content.decode()
    assert "Praxis Dr. Müller" in page
    assert "process.env.SMTPUSER" in page
    assert PASSWORD not in page
    assert not SelfServiceSettings.objects.exists()


def test_a_change_is_shown_then_written_and_nothing_else_changes(owner, webelexis):
    answer = save(owner, name="Praxis am Rhein")
    assert answer.url == reverse("selfservice:change")
    page = owner.get(answer.url).content.decode()
    assert "Praxis am Rhein" in page
    assert PASSWORD not in page
    assert webelexis.read_text() == SETTINGS
    assert write(owner) == "done"
    assert webelexis.read_text() == SETTINGS.replace("'Praxis Dr. Müller'", "'Praxis am Rhein'")
    assert 'data-version="written"' in owner.get(PAGE).content.decode()


def test_one_click_brings_the_earlier_state_back(owner, webelexis):
    save(owner, name="Praxis am Rhein", user="neu@example.ch", password="ganz anders")
    write(owner)
    found = SettingsVersion.objects.get(origin="found")
    page = owner.get(reverse("selfservice:version", args=[found.number]))
    assert ("gone", "-    sitename: 'Praxis am Rhein',") in page.context["lines"]
    seen = page.context["change"].fingerprint
    owner.post(reverse("selfservice:back", args=[found.number]), {"fingerprint": seen})
    assert work() == "done"
    assert webelexis.read_text() == SETTINGS
    row = SelfServiceSettings.load()
    assert (row.name, row.password.reveal()) == ("Praxis Dr. Müller", PASSWORD)
    assert row.expressions == {"user": "process.env.SMTPUSER"}


def test_two_states_are_compared_without_the_password(owner):
    save(owner, name="Praxis am Rhein", user="neu@example.ch", password="ganz anders")
    write(owner)
    page = owner.get(reverse("selfservice:diff"), {"older": "1", "newer": "2"}).content.decode()
    assert "Praxis am Rhein" in page
    assert "ganz anders" not in page
    assert PASSWORD not in page


def test_a_file_changed_by_hand_shows_both_and_asks(owner, webelexis, saved):
    webelexis.write_text(SETTINGS.replace("Dr. Müller", "von Hand").replace(PASSWORD, "other-secret"))
    page = owner.get(PAGE).content.decode()
    assert 'data-standing="foreign"' in page
    assert "Praxis von Hand" in page
    assert "Praxis Dr. Müller" in page
    assert "other-secret" not in page
    owner.post(reverse("selfservice:take-over"))
    row = SelfServiceSettings.load()
    assert (row.name, row.password.reveal()) == ("Praxis von Hand", "other-secret")
    assert "data-standing" not in owner.get(PAGE).content.decode()


def test_what_oobsite_has_can_count_against_the_file(owner, webelexis, saved):
    webelexis.write_text(SETTINGS.replace("Dr. Müller", "von Hand"))
    answer = owner.post(reverse("selfservice:keep"))
    assert answer.url == reverse("selfservice:change")
    assert "Praxis von Hand" in webelexis.read_text()
    assert write(owner) == "done"
    assert webelexis.read_text() == SETTINGS


def test_nothing_is_written_over_what_nobody_has_seen(owner, webelexis):
    save(owner, name="Praxis am Rhein")
    change = owner.get(reverse("selfservice:change")).context["change"]
    webelexis.write_text(SETTINGS + "// von Hand\n")
    owner.post(reverse("selfservice:write"), {"fingerprint": change.fingerprint, "wanted": change.wanted})
    assert work() == "settings-changed"
    assert webelexis.read_text() == SETTINGS + "// von Hand\n"
    assert "somebody has changed it meanwhile" in owner.get(PAGE).content.decode()


def test_another_save_meanwhile_is_not_written_unseen(owner, webelexis):
    save(owner, name="Praxis am Rhein")
    change = owner.get(reverse("selfservice:change")).context["change"]
    save(owner, name="Praxis am Bodensee")
    owner.post(reverse("selfservice:write"), {"fingerprint": change.fingerprint, "wanted": change.wanted})
    assert work() == "settings-changed"
    assert webelexis.read_text() == SETTINGS


def test_a_missing_file_is_made(owner, webelexis):
    webelexis.unlink()
    assert "There is no" in owner.get(PAGE).content.decode()
    save(owner, user="praxis", password=PASSWORD)
    assert write(owner) == "done"
    assert PASSWORD in webelexis.read_text()
    assert 'sitename: "Praxis Dr. Müller"' in webelexis.read_text()


def test_a_refused_file_says_why_and_what_to_put_in(owner, webelexis, saved):
    webelexis.write_text("module.exports = require('./anders')\n")
    save(owner, name="Praxis am Rhein", user="praxis", password=PASSWORD)
    page = owner.get(reverse("selfservice:change")).content.decode()
    assert "line 1: another file is exported" in page
    assert "Praxis am Rhein" in page
    assert PASSWORD not in page
    assert 'name="wanted"' not in page


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("duration_minutes", "0", "Webelexis hangs"),
        ("daily_maximum", "0", "Webelexis hangs"),
        ("port", "587", "begins without encryption"),
        ("port", "2525", "port 465 only"),
        ("name", "Müller; Meier", "Leave out"),
        ("confirmation", "{*} und {*}", "just once"),
        ("password", "./geheim", "path of a file"),
        ("password", "HOME", "name of a variable"),
    ],
)
def test_values_on_which_webelexis_stumbles_are_refused(owner, field, value, words):
    page = save(owner, **{field: value})
    assert page.status_code == 200
    assert words in page.content.decode()
    assert not SelfServiceSettings.objects.exists()


def test_an_expression_stays_until_something_else_is_typed(owner, webelexis):
    save(owner, phone="052 000 00 00")
    write(owner)
    assert "user: process.env.SMTPUSER" in webelexis.read_text()
    save(owner, user="praxis@example.ch", password=PASSWORD)
    write(owner)
    assert webelexis.read_text().count("praxis@example.ch") == 2
    assert "SMTPUSER" not in webelexis.read_text()


def test_the_password_goes_to_no_other_server_unseen(owner, saved):
    page = save(owner, host="smtp.attacker.example")
    assert "Type the password again" in page.content.decode()


def test_the_preview_is_what_a_patient_sees(owner):
    page = owner.post(reverse("selfservice:preview"), FORM, headers={"HX-Request": "true"}).content.decode()
    assert "Ihr Termin: Montag, " in page
    assert "08:40" in page
    assert "<html" not in page
    assert "<html" in owner.post(reverse("selfservice:preview"), FORM).content.decode()


def test_the_preview_bears_whatever_is_typed(owner):
    odd = {**FORM, "duration_minutes": "-5", "confirmation": "", "name": "<b>&"}
    page = owner.post(reverse("selfservice:preview"), odd, headers={"HX-Request": "true"}).content.decode()
    assert "no time can be offered" in page
    assert "Patients get no mail" in page
    assert "&lt;b&gt;&amp;" in page


def test_a_reader_sees_all_but_changes_nothing(client, saved):
    reader = logged_in(client, "reader")
    page = reader.get(PAGE).content.decode()
    assert "Praxis Dr. Müller" in page
    assert PASSWORD not in page
    assert reader.post(reverse("selfservice:write")).status_code == 403
    assert save(reader, name="Anders").status_code == 403


def test_the_audit_log_tells_who_changed_what_but_no_password(owner):
    save(owner, name="Praxis am Rhein", user="praxis", password=PASSWORD)
    write(owner)
    events = list(AuditEvent.objects.values_list("action", "changes_json"))
    assert {"selfservice.added", "selfservice.ordered"} <= {action for action, _changes in events}
    assert not [text for _action, text in events if PASSWORD in text]


def test_a_file_that_is_gone_does_not_empty_the_settings(owner, webelexis, saved):
    webelexis.unlink()
    owner.post(reverse("selfservice:take-over"))
    assert SelfServiceSettings.load().name == "Praxis Dr. Müller"
    webelexis.write_text("module.exports = []")
    owner.post(reverse("selfservice:take-over"))
    assert SelfServiceSettings.load().name == "Praxis Dr. Müller"


def test_the_state_asks_for_the_whole_page_when_the_file_is_written(owner):
    save(owner, name="Praxis am Rhein")
    write(owner)
    assert owner.get(reverse("selfservice:state"), {"writing": ""})["HX-Refresh"] == "true"
    assert "HX-Refresh" not in owner.get(reverse("selfservice:state"))
