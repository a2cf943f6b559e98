from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oobsite.fields import Secret
from oobsite.widgets import SecretInput
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
        if "password" in self.fields:
            self.fields["password"].widget.is_required = True  # no box that removes it: Webelexis needs one
        for name, text in self.instance.expressions.items():
            self._show_expression(name, text)

    def _show_expression(self, name: str, text: str) -> None:
        field = self.fields.get(name)
        if field is None:
            return
        self.initial[name] = ""
        field.required = False
        field.help_text = gettext(
            "Empty, because the file holds no value here but says where Webelexis takes it from when it starts: "
            "%(text)s. Leave the field empty to keep it so."
        ) % {"text": text}
        if isinstance(field.widget, SecretInput):
            field.widget.is_told_elsewhere = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self.kept = {name for name in self.instance.expressions if cleaned.get(name) in (None, "")}
        for name in self.kept:
            cleaned[name] = services.default_of(name)
        for name in FIELDS:
            if isinstance(cleaned.get(name), str):
                cleaned[name] = _keep_blanks(name, cleaned[name], self.initial.get(name))
        if self._is_password_of_another():
            self.add_error("password", gettext("Type the password again: it was meant for the server before."))
        self._check_rules(cleaned)
        return cleaned

    def _is_password_of_another(self) -> bool:
        """The stored password goes to no other server than the one for which it was typed."""
        return isinstance(self.cleaned_data.get("password"), Secret) and bool({"host", "user"} & set(self.changed_data))

    def _check_rules(self, cleaned: dict[str, Any]) -> None:
        """Everything at once; a field about which something is said already is not judged again."""
        values = {name: cleaned.get(name, services.default_of(name)) for name in FIELDS}
        password = values.pop("password")
        plain = password.reveal() if isinstance(password, Secret) else password
        told = self.kept | set(self.errors)
        for error in validate(SelfServiceValues(**values, password=plain), kept=told):
            self.add_error(error.field, rule_sentence(error.code, error.params))

    def save(self, commit: bool = True) -> Any:
        """What was typed takes the place of an expression."""
        self.instance.expressions = {
            name: text for name, text in self.instance.expressions.items() if name in self.kept
        }
        return super().save(commit)


def _keep_blanks(name: str, text: str, before: Any) -> str:
    """``text`` with the line ends of ``before``, or just that when nobody has changed it.

    Browsers send CRLF, and Django cuts the ends off: both would be a change of the file that nobody has made.
    """
    old: str = before if isinstance(before, str) else ""
    plain = text.replace("\r\n", "\n")
    if plain == old.replace("\r\n", "\n").strip(None if name == "confirmation" else " "):
        return old
    return plain.replace("\n", "\r\n") if "\r\n" in old else plain


class PreviewForm(forms.Form):
    """What somebody is about to type: everything goes."""

    name = forms.CharField(required=False, max_length=200)
    mail = forms.CharField(required=False, max_length=254)
    address = forms.CharField(required=False, max_length=300)
    phone = forms.CharField(required=False, max_length=100)
    duration_minutes = forms.IntegerField(required=False)
    confirmation = forms.CharField(required=False, max_length=10_000)

    @classmethod
    def shown(cls, data: Any) -> dict[str, Any]:
        """What can be shown of ``data``; the rest is empty."""
        form = cls(data)
        form.is_valid()
        return {name: form.cleaned_data.get(name) or "" for name in form.fields}


class MailForm(forms.Form):
    address = forms.EmailField(label=_("Send it to"))


class CompareForm(forms.Form):
    """Numbers of two states."""

    older = forms.IntegerField(min_value=1)
    newer = forms.IntegerField(min_value=1)
