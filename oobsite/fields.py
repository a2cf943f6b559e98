"""A model field for secrets: encrypted in the database and in memory, shown nowhere, revealed on purpose only."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldError
from django.db import models
from django.forms import Field as FormField

from oobsite import crypto
from oobsite.widgets import SecretField, SecretInput

MASK = "●●●"


@dataclass(frozen=True, repr=False)
class Secret:
    """An encrypted text. False when empty; as text a mask that changes with the secret, so that a change is seen."""

    token: str

    def reveal(self) -> str:
        """The text itself. Raises ``oobsite.crypto.SecretUnreadableError``."""
        return crypto.decrypt(self.token) if self.token else ""

    def __bool__(self) -> bool:
        return bool(self.token)

    def __str__(self) -> str:
        return f"{MASK} {hashlib.sha256(self.token.encode()).hexdigest()[:6]}" if self.token else ""

    __repr__ = __str__


def _hide(value: Any) -> Any:
    """What is assigned to the attribute is encrypted at once."""
    return value if isinstance(value, Secret) else Secret(crypto.encrypt(value) if value else "")


class _HidingAttribute(models.query_utils.DeferredAttribute):
    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = _hide(value)


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]
    """``host.password = "text"`` encrypts, ``host.password.reveal()`` decrypts. Nothing can be looked up by it."""

    is_secret = True
    descriptor_class = _HidingAttribute

    def from_db_value(self, value: str | None, *_args: Any) -> Secret:
        return Secret(value or "")

    def to_python(self, value: Any) -> Any:
        return _hide(value)

    def get_prep_value(self, value: Any) -> str:
        return str(_hide(value).token)

    def value_to_string(self, obj: models.Model) -> str:
        return self.get_prep_value(self.value_from_object(obj))

    def get_lookup(self, lookup_name: str) -> Any:
        raise FieldError(f"{self.name} is encrypted: it cannot be looked up")

    def formfield(self, **kwargs: Any) -> FormField | None:
        """Whatever the caller prefers, the widget is the one that never shows the value."""
        return super().formfield(**{**kwargs, "form_class": SecretField, "widget": SecretInput, "max_length": None})
