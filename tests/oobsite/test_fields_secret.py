"""A secret field: encrypted in the database and in memory, revealed on purpose only, never in a page."""

from __future__ import annotations

import json
import pickle

import pytest
from django import forms
from django.contrib.admin.utils import display_for_field
from django.core import serializers
from django.core.exceptions import FieldError
from secretmodel import Safe, safes, stored  # noqa: F401 - a fixture

from oobsite import crypto
from oobsite.keys import FIELD_KEYS_NAME, make_field_key, write_field_keys
from oobsite.widgets import SecretInput

TEXT = "pass wörd » with blanks "


class SafeForm(forms.ModelForm):
    class Meta:
        model = Safe
        fields = ("name", "combination")


pytestmark = pytest.mark.usefixtures("safes")


def submit(instance: Safe, **data: str) -> SafeForm:
    return SafeForm({"name": "x", **data}, instance=instance)


def test_what_is_stored_is_a_token_and_reveals_the_text():
    Safe.objects.create(combination=TEXT)
    assert stored().startswith(crypto.TOKEN_PREFIX)
    assert Safe.objects.get().combination.reveal() == TEXT


def test_an_empty_secret_is_empty_everywhere():
    safe = Safe.objects.create()
    assert stored() == ""
    assert not safe.combination
    assert safe.combination.reveal() == str(safe.combination) == ""


@pytest.mark.parametrize("how", ["update", "bulk_create", "bulk_update", "deferred", "refresh"])
def test_every_way_into_the_database_and_out_of_it_encrypts(how):
    safe = Safe(combination=TEXT)
    if how == "bulk_create":
        Safe.objects.bulk_create([safe])
    else:
        safe.save()
    if how == "update":
        Safe.objects.update(combination=TEXT)
    if how == "bulk_update":
        Safe.objects.bulk_update([safe], ["combination"])
    if how == "refresh":
        safe.refresh_from_db()
    loaded = Safe.objects.defer("combination").get() if how == "deferred" else Safe.objects.get()
    assert stored().startswith(crypto.TOKEN_PREFIX)
    assert loaded.combination.reveal() == TEXT


def test_the_text_is_not_in_memory_and_in_nothing_that_shows_the_row():
    safe = Safe(combination=TEXT)
    safe.save()
    shown = [
        repr(safe.__dict__),
        str(safe.combination),
        f"{safe.combination!r}",
        json.dumps([str(value) for value in Safe.objects.values_list("combination", flat=True)]),
        serializers.serialize("json", [safe]),
        str(display_for_field(safe.combination, Safe._meta.get_field("combination"), "-")),
        pickle.dumps(safe).decode("latin-1"),
        repr(forms.model_to_dict(safe)),
    ]
    assert [text for text in shown if "rd » with" in text or "wörd" in text] == []


def test_a_change_can_be_seen_and_saving_again_is_none():
    safe = Safe.objects.create(combination=TEXT)
    before = str(safe.combination)
    safe.save()
    assert str(Safe.objects.get().combination) == before
    safe.combination = "another"
    assert str(safe.combination) != before


@pytest.mark.parametrize("lookup", ["combination", "combination__exact", "combination__startswith"])
def test_nothing_can_be_looked_up(lookup):
    with pytest.raises(FieldError, match="encrypted"):
        Safe.objects.filter(**{lookup: "x"}).exists()


# --- the form -----------------------------------------------------------------------------------------------
def test_the_page_never_holds_the_value_and_offers_its_removal():
    safe = Safe.objects.create(combination=TEXT)
    page = str(SafeForm(instance=safe)["combination"])
    assert 'type="password"' in page
    assert 'name="combination-remove"' in page
    assert "value=" not in page
    assert stored() not in page


def test_an_empty_page_offers_no_removal():
    assert "combination-remove" not in str(SafeForm()["combination"])


def test_what_was_typed_does_not_come_back_with_an_error():
    form = SafeForm({"name": "", "combination": TEXT})
    assert not form.is_valid()
    assert TEXT not in str(form)


@pytest.mark.parametrize(
    ("data", "expected", "is_changed"),
    [
        ({}, "old", False),
        ({"combination": ""}, "old", False),
        ({"combination": TEXT}, TEXT, True),
        ({"combination": "", "combination-remove": "on"}, "", True),
    ],
)
def test_empty_keeps_text_changes_the_box_removes(data, expected, is_changed):
    form = submit(Safe.objects.create(combination="old"), **data)
    assert form.is_valid(), form.errors
    form.save()
    assert Safe.objects.get().combination.reveal() == expected
    assert ("combination" in form.changed_data) is is_changed


@pytest.mark.parametrize("data", [{"combination": "a", "combination-remove": "on"}, {"combination": "a\0b"}])
def test_both_at_once_and_a_null_byte_are_errors_at_the_field(data):
    form = submit(Safe.objects.create(combination="old"), **data)
    assert list(form.errors) == ["combination"]


def test_a_required_secret_is_asked_for_once_and_cannot_be_removed():
    class Required(SafeForm):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.fields["combination"].required = self.fields["combination"].widget.is_required = True

    assert list(Required({"name": "x"}).errors) == ["combination"]
    safe = Safe.objects.create(combination="old")
    assert not Required({"name": "x"}, instance=safe).errors
    page = str(Required(instance=safe)["combination"])
    assert "combination-remove" not in page
    assert "required" not in page
    removed = {"name": "x", "combination-remove": "on"}
    assert list(Required(removed, instance=safe).errors) == ["combination"]


def test_whatever_widget_the_admin_prefers_ours_is_taken():
    field = Safe._meta.get_field("combination").formfield(widget=forms.Textarea)
    assert isinstance(field.widget, SecretInput)


# --- keys ---------------------------------------------------------------------------------------------------
def test_with_a_foreign_key_the_row_can_be_shown_and_set_anew(tmp_path):
    Safe.objects.create(combination="old")
    write_field_keys(tmp_path / FIELD_KEYS_NAME, [make_field_key()])
    safe = Safe.objects.get()
    with pytest.raises(crypto.SecretUnreadableError):
        safe.combination.reveal()
    assert "value=" not in str(SafeForm(instance=safe)["combination"])
    form = submit(safe, combination="new")
    assert form.is_valid()
    form.save()
    assert Safe.objects.get().combination.reveal() == "new"


@pytest.mark.parametrize("content", [None, "", "no key\n"])
def test_a_missing_key_file_is_an_error_of_ours(content, tmp_path):
    path = tmp_path / FIELD_KEYS_NAME
    path.unlink()
    if content is not None:
        path.write_text(content)
    with pytest.raises(crypto.FieldKeysMissingError):
        crypto.encrypt("x")


def test_an_unreadable_token_is_a_page_with_a_sentence(rf, settings, pages):
    from oobsite.errorpages import ErrorPageMiddleware

    answer = ErrorPageMiddleware(lambda request: None).process_exception(
        rf.get("/"), crypto.SecretUnreadableError(settings.OOB_DATA_DIR / FIELD_KEYS_NAME)
    )
    assert answer.status_code == 503
    assert FIELD_KEYS_NAME in answer.content.decode()
