"""What is secret never reaches the audit: only that it was changed."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models

from oobsite.audit.chain import JSON

#: Stands for a secret that was set or changed.
HIDDEN = "●●●"
_SECRET_NAMES = ("password", "passphrase", "secret", "token", "session_key", "session_data", "private_key", "codes")
_SECRET_APPS = ("mfa", "usersessions", "sessions")


def secret_fields(model: type[models.Model]) -> list[str]:
    """Fields of ``model`` whose values are secret."""
    return [field.name for field in model._meta.concrete_fields if is_secret(field)]


def is_secret(field: models.Field) -> bool:  # type: ignore[type-arg]
    return (
        bool(getattr(field, "is_secret", False))
        or is_secret_name(field.name)
        or field.model._meta.app_label in _SECRET_APPS
        or issubclass(field.model, AbstractBaseSession)
    )


def is_secret_name(name: str) -> bool:
    return any(word in name.lower() for word in _SECRET_NAMES)


def hide_secrets(obj: models.Model | None, changes: Mapping[str, JSON]) -> dict[str, JSON]:
    """Replace whatever is secret by its name, however deep, or by the model of ``obj``."""
    secret = secret_fields(obj._meta.model) if obj is not None else []
    return {key: HIDDEN if key in secret else _hide(key, value) for key, value in changes.items()}


def _hide(name: str, value: JSON) -> JSON:
    if is_secret_name(name) and not isinstance(value, bool):  # a yes or no is no secret
        return HIDDEN
    if isinstance(value, Mapping):
        return {key: _hide(key, part) for key, part in value.items()}
    return [_hide("", part) for part in value] if isinstance(value, list | tuple) else value


def mask(_value: str) -> str:
    """What auditlog writes instead of a secret."""
    return HIDDEN
