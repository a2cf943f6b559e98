"""Changes of rows become events. auditlog tells when a row changes and compares it; its own table stays empty.

``watch`` is one line in an app's ``ready``:

    watch(Source, "source", flags={"is_active": ("source.on", "source.off")})
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from auditlog.diff import model_instance_diff
from auditlog.models import LogEntry
from auditlog.registry import auditlog
from auditlog.signals import pre_log
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models.signals import post_save, pre_save

from oobsite.audit.acting import current_actor
from oobsite.audit.chain import JSON
from oobsite.audit.secrecy import secret_fields
from oobsite.audit.services import record

Changes = dict[str, JSON]
_EMPTY: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True)
class Watched:
    """How changes of a model are called: ``noun.added``, ``noun.changed``, ``noun.removed``.

    ``flags``: a Boolean or secret field that changed alone names the act: when set, when cleared.
    """

    noun: str
    flags: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    only_changes: bool = False

    def act(self, changes: Changes) -> str:
        name = next(iter(changes)) if len(changes) == 1 else ""
        if name not in self.flags:
            return f"{self.noun}.changed"
        value = changes[name]
        return self.flags[name][0 if not isinstance(value, list) or value[1] else 1]


_watched: dict[type[models.Model], Watched] = {}


def watch(
    model: type[models.Model],
    noun: str,
    *,
    fields: Sequence[str] = (),
    ignore: Sequence[str] = (),
    flags: Mapping[str, tuple[str, str]] | None = None,
    only_changes: bool = False,
) -> None:
    """Record what is added, changed and removed of ``model``; secrets only by name.

    ``fields``: these alone; ``ignore``: all but these; ``only_changes``: neither added nor removed rows.
    """
    _watched[model] = Watched(noun, flags or {}, only_changes)
    pre_save.connect(_note_saved_fields, sender=model, dispatch_uid="oobsite.audit.before")
    auditlog.register(model, include_fields=list(fields), exclude_fields=list(ignore), mask_fields=secret_fields(model))
    post_save.connect(_write_change, sender=model, dispatch_uid="oobsite.audit.after")
    pre_log.connect(_take_over, sender=model, dispatch_uid="oobsite.audit.take_over")


def _note_saved_fields(instance: Any, update_fields: Sequence[str] | None = None, **_signal: Any) -> None:
    """Runs before auditlog, which does not pass on which fields are saved."""
    instance._audit_fields = update_fields
    instance._audit_changes = {}


def _take_over(sender: type[models.Model], instance: Any, action: int, **_signal: Any) -> Literal[False]:
    """Keep what changes until it is stored; write what is new or removed. False: auditlog writes nothing."""
    if action == LogEntry.Action.UPDATE:
        old = sender._default_manager.filter(pk=instance.pk).first()
        if old is not None:
            instance._audit_changes = compare(old, instance, instance._audit_fields)
    elif action in (LogEntry.Action.CREATE, LogEntry.Action.DELETE) and not _watched[sender].only_changes:
        is_new = action == LogEntry.Action.CREATE
        act = f"{_watched[sender].noun}.{'added' if is_new else 'removed'}"
        record(current_actor(), act, instance, compare(*((None, instance) if is_new else (instance, None))))
    return False


def _write_change(sender: type[models.Model], instance: Any, created: bool, **_signal: Any) -> None:
    changes = instance.__dict__.pop("_audit_changes", {})
    if changes and not created:
        record(current_actor(), _watched[sender].act(changes), instance, changes)


def compare(old: models.Model | None, new: models.Model | None, fields: Sequence[str] | None = None) -> Changes:
    """``[old, new]`` of each field that differs; of a secret that there was and is something, nothing more."""
    difference = model_instance_diff(old, new, fields_to_check=fields, use_json_for_changes=True) or {}
    told = _filled_fields([row for row in (old, new) if row is not None])
    changes: Changes = {name: list(pair) for name, pair in difference.items() if name in told}
    if isinstance(new, AbstractBaseUser) and old is not None and not _is_new_password(new):
        changes.pop("password", None)
    return changes


def _filled_fields(rows: Sequence[models.Model]) -> set[str]:
    """Names of the fields in which something stands; neither the key, nor rows of other tables that point here."""
    fields = [field for field in rows[0]._meta.concrete_fields if not field.primary_key]
    return {field.name for field in fields if any(_is_filled(getattr(row, field.attname)) for row in rows)}


def _is_filled(value: object) -> bool:
    """Also 0 and False are something; an encrypted text tells by its mask that it is none."""
    return value not in _EMPTY and str(value) != ""


def _is_new_password(user: AbstractBaseUser) -> bool:
    """Whether somebody chose a password; at a login its hash may merely be made stronger."""
    return getattr(user, "_password", None) is not None
