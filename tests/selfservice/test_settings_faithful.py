"""Nothing changes that nobody has changed: line ends, blanks, the password, and what a page says of them."""

from __future__ import annotations

import pytest
from django.urls import reverse
from selfservicesite import PAGE, PASSWORD, SETTINGS
from test_settings_screens import FORM, save, work

from oobsite.audit.models import AuditEvent
from selfservice import facts
from selfservice.models import SelfServiceSettings, SettingsVersion

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages", "answering", "webelexis")]
LINES = SETTINGS.replace("Grüezi! Ihr Termin: {*}.", r"Guten Tag\n\n{*}\n\nGruss\n")
WINDOWS = LINES.replace(r"\n", r"\r\n")
AS_SENT = "Guten Tag\r\n\r\n{*}\r\n\r\nGruss\r\n"


def change_of(client):
    return client.get(reverse("selfservice:change")).context["change"]


@pytest.mark.parametrize("text", [LINES, WINDOWS])
def test_a_save_without_a_change_changes_nothing(owner, webelexis, text):
    webelexis.write_text(text)
    save(owner, confirmation=AS_SENT)
    assert SelfServiceSettings.objects.exists()
    assert change_of(owner).diff == ""


@pytest.mark.parametrize("text", [LINES, WINDOWS])
def test_a_changed_text_keeps_the_line_ends_of_the_file(owner, webelexis, text):
    webelexis.write_text(text)
    save(owner, confirmation=AS_SENT.replace("Gruss", "Adieu"))
    added = [line for line in change_of(owner).diff.split("\n") if line.startswith("+  ")]
    wanted = r"+    confirm: 'Guten Tag\n\n{*}\n\nAdieu',"
    assert added == [wanted.replace(r"\n", r"\r\n") if text == WINDOWS else wanted]


def test_other_line_ends_are_no_difference(owner, webelexis):
    webelexis.write_text(LINES)
    save(owner, confirmation=AS_SENT)
    webelexis.write_text(WINDOWS)
    page = owner.get(PAGE)
    assert page.context["standing"].state == "same"
    assert change_of(owner).diff == ""


def test_blanks_at_which_alone_two_texts_differ_are_shown(owner, webelexis, saved):
    webelexis.write_text(SETTINGS.replace("Ihr Termin", "Ihr  Termin"))
    standing = owner.get(PAGE).context["standing"]
    (found,) = standing.differences
    assert (found.ours, found.theirs) == ("Grüezi!·Ihr·Termin:·{*}.", "Grüezi!·Ihr··Termin:·{*}.")
    assert found.is_blank


def test_blanks_at_the_end_of_a_line_are_shown_in_a_diff():
    assert facts.diff_lines("---\n+++\n@@ @@\n same \n-a \n+a\t\r\n") == [
        ("gap", "⋯"),
        ("same", " same "),
        ("gone", "-a·"),
        ("new", "+a→↵"),
    ]


def test_the_file_counts_and_its_password_is_the_same(owner, webelexis, saved):
    webelexis.write_text(SETTINGS.replace("maxPerDay: 8", "maxPerDay: 12"))
    owner.post(reverse("selfservice:take-over"))
    event = AuditEvent.objects.get(action="selfservice.changed")
    assert '"daily_maximum"' in event.changes_json
    assert "password" not in event.changes_json


def test_a_save_into_a_file_that_somebody_has_changed_is_asked_about_first(owner, webelexis, saved):
    webelexis.write_text(SETTINGS.replace("maxPerDay: 8", "maxPerDay: 12"))
    answer = save(owner, phone="052 000 00 00")
    page = owner.get(answer.url, follow=True)
    assert page.context["standing"].state == "foreign"
    assert [one.ours for one in page.context["standing"].differences] == ["052 000 00 00", "8"]


def test_after_the_first_save_the_form_is_there_again(owner):
    save(owner, name="Praxis am Rhein", user="praxis", password=PASSWORD)
    page = owner.get(PAGE)
    assert page.context["standing"].state == "pending"
    assert 'name="phone"' in page.content.decode()


def test_while_the_file_is_being_written_nothing_is_to_be_decided(owner):
    save(owner, name="Praxis am Rhein")
    change = change_of(owner)
    owner.post(reverse("selfservice:write"), {"fingerprint": change.fingerprint, "wanted": change.wanted})
    page = owner.get(PAGE)
    assert page.context["standing"].state == "writing"
    assert b'name="counts"' not in page.content
    assert b'name="_save"' not in page.content
    assert "docker compose restart" not in page.content.decode()
    work()
    assert "docker compose restart" in owner.get(PAGE).content.decode()


def test_all_that_is_wrong_is_said_at_once(owner):
    page = save(owner, name="x" * 201, port="99999", duration_minutes="-5", daily_maximum="", confirmation="ohne")
    wrong = {"name", "port", "duration_minutes", "daily_maximum", "confirmation"}
    assert set(page.context["adminform"].form.errors) == wrong


def test_a_refused_form_previews_what_was_typed(owner, saved):
    page = save(owner, name="Müller; Meier", address="Neugasse 1")
    preview = page.context["preview"]
    assert (preview.name, preview.lines[0]) == ("Müller; Meier", "Neugasse 1")


def test_a_password_cannot_be_removed_as_webelexis_needs_one(owner, saved):
    assert "password-remove" not in owner.get(PAGE).content.decode()
    page = owner.post(PAGE, {**FORM, "password-remove": "on"})
    assert "Fill this in" in page.content.decode()
    assert SelfServiceSettings.load().password.reveal() == PASSWORD


def test_an_odd_phone_number_is_remarked_on(owner):
    save(owner, phone="ruf mich an")
    page = owner.get(reverse("selfservice:change")).content.decode()
    assert "Patients see “ruf mich an” as the phone number" in page
    save(owner, phone="+41 (0)52 555 12 34")
    assert "as the phone number" not in owner.get(reverse("selfservice:change")).content.decode()


def test_what_is_put_in_by_hand_is_no_whole_file(owner, webelexis, saved):
    webelexis.write_text("module.exports = require('./anders')\n")
    by_hand = change_of(owner).by_hand
    assert by_hand.startswith("schedule: {\n  minDuration: 20,\n")
    assert "smtp: {\n" in by_hand
    assert "module" not in by_hand
    assert "user:" not in by_hand  # an expression stays


def test_the_last_two_states_are_chosen_for_a_comparison(owner):
    save(owner, name="Praxis am Rhein")
    change = change_of(owner)
    owner.post(reverse("selfservice:write"), {"fingerprint": change.fingerprint, "wanted": change.wanted})
    assert [one.picked for one in facts.versions_of("")] == [""]
    assert "<td>1: " not in owner.get(PAGE).content.decode()  # its number comes when it is written
    work()
    assert [(one.version.number, one.picked) for one in facts.versions_of("")] == [(2, "newer"), (1, "older")]
    assert SettingsVersion.objects.count() == 2
