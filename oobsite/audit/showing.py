"""An event in the words of the practice: names of fields, old and new values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from django.apps import apps
from django.contrib.admin import AdminSite
from django.core.exceptions import FieldDoesNotExist
from django.db.models import DateField, DateTimeField, Field
from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext

from oobsite.audit import messages
from oobsite.audit.models import AuditEvent
from oobsite.audit.secrecy import HIDDEN

_OF_SOURCES = ("source", "sources")
AnyField: TypeAlias = "Field[Any, Any]"


@dataclass(frozen=True)
class Change:
    """One line of an event: a value that was replaced, or with ``old`` None a plain detail."""

    name: str
    old: str | None
    new: str


def shown_changes(event: AuditEvent) -> list[Change]:
    model = event.object_type and _find_model(event.object_type)
    return [_shown(name, value, _find_field(model, name)) for name, value in event.changes.items()]


def summary(event: AuditEvent) -> str:
    """All details in one line, for lists and files."""
    return "; ".join(_line(change) for change in shown_changes(event))


def who(event: AuditEvent) -> str:
    return event.actor or str(messages.NOBODY)


def _line(change: Change) -> str:
    if change.old:
        return f"{change.name}: {change.old} → {change.new or '–'}"
    return f"{change.name}: {change.new}" if change.new else change.name


def _shown(name: str, value: Any, field: AnyField | None) -> Change:
    title = str(capfirst(str(field.verbose_name if field else messages.DETAILS.get(name, name))))
    if value == HIDDEN:
        return Change(title, None, gettext("set or changed; secrets are not recorded"))
    if field is not None and isinstance(value, list) and len(value) == 2:
        old, new = (_value_words(part, field) for part in value)
        return Change(title, old, new) if value[0] is not None else Change(title, None, new)
    return Change(title, None, _detail_words(name, value, field))


def _detail_words(name: str, value: Any, field: AnyField | None) -> str:
    if name == "factor":
        return str(messages.FACTORS.get(value, value))
    if name == "problem":
        return gettext("not intact")
    if name in _OF_SOURCES and isinstance(value, list) and all(isinstance(part, str) for part in value):
        return messages.listed(map(_source_words, value))
    return _value_words(value, field)


def _source_words(name: str) -> str:
    """What people call a source; its bare name when it is not there any more."""
    model = _find_model("backups.source")
    return str((model and model.objects.filter(name=name).first()) or name)


def _value_words(value: Any, field: AnyField | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if field is not None and field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, str) and isinstance(field, DateField):
        return _date_words(value, is_moment=isinstance(field, DateTimeField))
    if isinstance(value, int | float):
        return number_format(value, use_l10n=True, force_grouping=True)
    if isinstance(value, Mapping):
        return messages.listed(f"{key}: {_value_words(part, None)}" for key, part in value.items())
    return messages.listed(_value_words(part, None) for part in value) if isinstance(value, list) else str(value)


def _date_words(value: str, is_moment: bool) -> str:
    """A day, or a moment (kept in UTC) by the clock of the practice; the bare value when it cannot be read."""
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return value
    if not is_moment:
        return date_format(read, "SHORT_DATE_FORMAT")
    return date_format(localtime(read if read.tzinfo else read.replace(tzinfo=UTC)), "SHORT_DATETIME_FORMAT")


def _find_model(label: str) -> Any:
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):  # written by a version that had this model
        return None


def _find_field(model: Any, name: str) -> AnyField | None:
    try:
        field = model._meta.get_field(name) if model else None
    except FieldDoesNotExist:
        return None
    return field if isinstance(field, Field) else None


def object_url(event: AuditEvent, site: AdminSite) -> str:
    """The page of the object, when there is one and the object still exists."""
    model = _find_model(event.object_type) if event.object_type else None
    if model is None or not site.is_registered(model) or not model._default_manager.filter(pk=event.object_pk).exists():
        return ""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[event.object_pk])
