from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oobsite.fields import Secret
from selfservice import services
from selfservice.domain.rules import SelfServiceValues, validate
from selfservice.messages import rule_sentence
from selfservice.models import FIELDS, SelfServiceSettings

#: What the preview shows; the rest of the form is not sent for it.
SHOWN = ("name", "mail", "address", "phone", "duration_minutes", "confirmation")


class SelfServiceForm(forms.ModelForm):  # type: ignore[type-arg]
    """The rules are those of Webelexis. A field whose value is an expression of the file stays so while it is empty."""

    class Meta:
        model = SelfServiceSettings
        fields = (*FIELDS, "generation")
        widgets = {
            "name": forms.TextInput,
            "address": forms.TextInput,
            "confirmation": forms.Textarea(attrs={"rows": 4}),
            "appointment_type": forms.TextInput(attrs={"list": "offered-types", "autocomplete": "off"}),
            "agenda_area": forms.TextInput(attrs={"list": "offered-areas", "autocomplete": "off"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in SHOWN:
            if name in self.fields:
                self.fields[name].widget.attrs["data-preview"] = True
        for name in ("name", "mail", "appointment_type", "agenda_area", "host", "user"):
            if name in self.fields:
                self.fields[name].widget.attrs.setdefault("spellcheck", "false")
        if settings.OOB_WEBELEXIS_VERSION:
            self.fields.pop("generation", None)
        for name, text in self.instance.expressions.items():
            self._show_expression(name, text)

    def _show_expression(self, name: str, text: str) -> None:
        field = self.fields.get(name)
        if field is None:
            return
        self.initial[name] = ""
        field.required = False
        field.help_text = gettext(
            "In the file stands an expression, %(text)s, whose value Webelexis alone knows. It stays while this field "
            "is empty."
        ) % {"text": text}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self.kept = {name for name in self.instance.expressions if cleaned.get(name) in (None, "")}
        for name in self.kept:
            cleaned[name] = services.default_of(name)
        if self._is_password_of_another():
            self.add_error("password", gettext("Type the password again: it was meant for the server before."))
        if not self.errors:
            self._check_rules(cleaned)
        return cleaned

    def _is_password_of_another(self) -> bool:
        """The stored password goes to no other server than the one for which it was typed."""
        return isinstance(self.cleaned_data.get("password"), Secret) and bool({"host", "user"} & set(self.changed_data))

    def _check_rules(self, cleaned: dict[str, Any]) -> None:
        password = cleaned["password"]
        plain = password.reveal() if isinstance(password, Secret) else password
        values = SelfServiceValues(**{name: cleaned[name] for name in FIELDS if name != "password"}, password=plain)
        for error in validate(values, kept=self.kept):
            self.add_error(error.field, rule_sentence(error.code, error.params))

    def save(self, commit: bool = True) -> Any:
        """What was typed takes the place of an expression."""
        self.instance.expressions = {
            name: text for name, text in self.instance.expressions.items() if name in self.kept
        }
        return super().save(commit)


class PreviewForm(forms.Form):
    """What somebody is about to type: everything goes."""

    name = forms.CharField(required=False, max_length=200)
    mail = forms.CharField(required=False, max_length=254)
    address = forms.CharField(required=False, max_length=300)
    phone = forms.CharField(required=False, max_length=100)
    duration_minutes = forms.IntegerField(required=False)
    confirmation = forms.CharField(required=False, max_length=10_000)


class MailForm(forms.Form):
    address = forms.EmailField(label=_("Send it to"))


class CompareForm(forms.Form):
    """Numbers of two states."""

    older = forms.IntegerField(min_value=1)
    newer = forms.IntegerField(min_value=1)
