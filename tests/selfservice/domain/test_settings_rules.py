"""The rules of the values, each held against what Webelexis really does with a value that breaks it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import fields, replace

import pytest
from nodejs import packages, read_as_new

from selfservice.domain.rules import FILE_KEYS, SelfServiceValues, validate
from selfservice.domain.settings_js import KEYS, new_file

GOOD = SelfServiceValues(
    name="Praxis „Zum Löwen“ & Partner",
    mail="team@praxis-loewen.ch",
    address="Seeweg 1, 8000 Zürich",
    phone="",
    appointment_type="Internet",
    duration_minutes=20,
    daily_maximum=4,
    agenda_area="Arzt",
    confirmation="Guten Tag\r\n\tIhr Termin: {*}\n",
    host="smtp.hin.ch",
    port=465,
    user="team@praxis-loewen.ch",
    password="ge\\heim./x",
)


def broken(**values):
    return [(error.field, error.code) for error in validate(replace(GOOD, **values))]


def test_good_values_break_no_rule():
    assert validate(GOOD) == []
    assert broken(confirmation="", address="", host="192.0.2.1") == []


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("duration_minutes", 0, "range"),
        ("duration_minutes", -5, "range"),
        ("duration_minutes", 1441, "range"),
        ("duration_minutes", "20", "whole-number"),
        ("duration_minutes", None, "whole-number"),
        ("duration_minutes", True, "whole-number"),
        ("daily_maximum", 0, "range"),
        ("daily_maximum", None, "whole-number"),
        ("port", 587, "port-starttls"),
        ("port", 25, "port-starttls"),
        ("port", 2525, "port-other"),
        ("port", "465", "whole-number"),
        ("name", " ", "needed"),
        ("name", "Praxis Muster, Zürich", "sender-signs"),
        ("name", "Praxis <see@example.ch>", "sender-signs"),
        ("name", 'Praxis "See"', "sender-signs"),
        ("name", "Praxis; See", "sender-signs"),
        ("name", "Praxis\r\nBcc: alle@example.ch", "control"),
        ("mail", "", "needed"),
        ("mail", "team", "mail"),
        ("mail", "a@b.ch, c@d.ch", "mail"),
        ("mail", "a@b.ch\n", "control"),
        ("appointment_type", "", "needed"),
        ("agenda_area", "", "needed"),
        ("agenda_area", "Arzt\x00", "control"),
        ("phone", "044\u2028", "control"),
        ("address", "\ud800", "control"),
        ("confirmation", "Bis bald", "one-date"),
        ("confirmation", " ", "one-date"),
        ("confirmation", "{*} oder {*}", "one-date"),
        ("confirmation", "{*}\x0b", "control"),
        ("confirmation", None, "no-text"),
        ("host", "", "needed"),
        ("host", "smtp.hin.ch:465", "host"),
        ("host", "https://smtp.hin.ch", "host"),
        ("host", "smtp hin ch", "host"),
        ("user", "", "needed"),
        ("password", "", "needed"),
    ],
)
def test_a_broken_rule_is_named(field, value, code):
    assert broken(**{field: value}) == [(field, code)]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("\\geheim", "rewritten-backslash"),
        ("./geheim", "rewritten-path"),
        ("../geheim", "rewritten-path"),
        ("HOME", "rewritten-variable"),
        ("status", "rewritten-variable"),
        ("npm_x", "rewritten-variable"),
    ],
)
@pytest.mark.parametrize("field", ["password", "user", "agenda_area", "address"])
def test_what_webelexis_would_rewrite_is_refused(field, value, code, tmp_path):
    assert broken(**{field: value}) == [(field, code)]
    found = rewritten(replace(GOOD, **{field: value}), tmp_path)
    section, key = FILE_KEYS[field].split(".")
    assert found[section][key] != value


def test_what_it_leaves_alone_is_taken(tmp_path):
    values = replace(GOOD, password=".geheim", user="home", address="x ./y")
    assert validate(values) == []
    assert rewritten(values, tmp_path)["smtp"]["pwd"] == ".geheim"


def rewritten(values, tmp_path):
    volume = tmp_path / "volume"
    volume.mkdir()
    (volume / "settings.js").write_bytes(new_file(values.by_key))
    return read_as_new(volume, tmp_path, HOME="/root", status="online", npm_x="1")


@pytest.mark.parametrize("sign", ',;:(<"')
def test_a_sign_that_changes_the_sender_is_refused(sign):
    name = f"Praxis{sign} See"
    assert broken(name=name) == [("name", "sender-signs")]
    assert sender_as_sent(name) != name


@pytest.mark.parametrize("name", [GOOD.name, "Praxis @ See", "Dr. med. X / Y = Z", "Praxis 'See' [Zürich]"])
def test_a_name_that_arrives_is_taken(name):
    assert broken(name=name) == []
    assert sender_as_sent(name) == name


def sender_as_sent(name):
    """The name that nodemailer, which Webelexis sends with, makes of it."""
    script = "console.log(JSON.stringify(require('nodemailer/lib/addressparser')(process.argv[1])))"
    command = ["node", "-e", script, f"{name} <team@example.ch>"]
    found = json.loads(subprocess.run(command, cwd=packages().parent, capture_output=True, check=True).stdout)
    return found[0]["name"] if len(found) == 1 and found[0].get("address") == "team@example.ch" else None


def test_further_variables_of_the_container_count():
    assert validate(replace(GOOD, password="PRAXIS")) == []
    (error,) = validate(replace(GOOD, password="PRAXIS"), environment=["PRAXIS"])
    assert (error.field, error.code, error.params) == ("password", "rewritten-variable", {})


def test_what_stays_an_expression_is_not_judged():
    assert validate(replace(GOOD, password="", port=587), kept=["password", "port"]) == []


def test_every_broken_field_is_named_once_and_the_password_never():
    values = replace(GOOD, name="", port=25, password="\\oobMARK")
    assert [error.field for error in validate(values)] == ["name", "port", "password"]
    assert "oobMARK" not in f"{validate(values)!r} {values!r}"


def test_every_field_has_its_key_in_the_file():
    assert {FILE_KEYS[one.name] for one in fields(SelfServiceValues)} == set(KEYS)
