"""The form field and the widget of a secret: set, change, remove. The value itself never goes into a page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.forms.boundfield import BoundField
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

_BOTH = object()


class SecretInput(forms.PasswordInput):
    """An empty input; beside it a box that removes what is stored.

    Its data: None keeps what is stored, an empty text removes it, another text takes its place.
    """

    template_name = "oobsite/secret_input.html"
    #: The help text tells where the value comes from while none is stored.
    is_told_elsewhere = False

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"autocomplete": "new-password", **(attrs or {})})

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, None, attrs)
        box = {"name": _box_name(name), "id": f"id_{_box_name(name)}"}
        context["widget"].update(is_set=bool(value), box=box if value and not self.is_required else None)
        context["widget"]["is_told_elsewhere"] = self.is_told_elsewhere
        return context

    def value_from_datadict(self, data: Any, files: MultiValueDict[str, Any], name: str) -> Any:
        text, is_removed = data.get(name) or None, bool(data.get(_box_name(name)))
        if is_removed:
            return _BOTH if text else ""
        return text

    def use_required_attribute(self, initial: Any) -> bool:
        return super().use_required_attribute(initial) and not initial


class SecretField(forms.Field):
    """Cleans to the stored secret, an empty text, or the new text."""

    widget = SecretInput
    default_error_messages = {
        "both": _("Either write a new value or tick the box that removes the stored one, not both.")
    }

    def __init__(self, *, max_length: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._forbid_null = ProhibitNullCharactersValidator()

    def _clean_bound_field(self, bound: BoundField) -> Any:
        return bound.initial if self.disabled else self.clean(bound.data, bound.initial)

    def clean(self, value: Any, initial: Any = None) -> Any:
        if value is _BOTH:
            raise ValidationError(self.error_messages["both"], code="both")
        if value is None and initial:
            return initial
        text = super().clean(value) or ""
        self._forbid_null(text)
        return text

    def bound_data(self, data: Any, initial: Any) -> Any:
        return initial

    def has_changed(self, initial: Any, data: Any) -> bool:
        return not self.disabled and data is not None


def _box_name(name: str) -> str:
    return f"{name}-remove"
