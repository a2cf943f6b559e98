"""Everything that is encrypted, and how it gets a new key. At no moment is there a row that no key reads."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from backups.domain.lock import make_holder, run_lock
from oobsite import crypto
from oobsite.accounts.actors import Actor
from oobsite.audit.services import record
from oobsite.fields import EncryptedTextField, Secret
from oobsite.keys import FIELD_KEYS_NAME, make_field_key, read_field_keys, write_field_keys

#: Longer than a request may take, or wait for the database: what was encrypted with the old key is stored by then.
WAIT_SECONDS = 35.0


@dataclass(frozen=True)
class Slot:
    """A row, and the column of it in which one or more tokens stand."""

    model: type[models.Model]
    pk: Any
    column: str
    value: Any


@dataclass
class Rotation:
    """How many tokens were encrypted anew; ``unreadable`` ones were left alone: no key opened them before either."""

    done: int = 0
    unreadable: int = 0


def encrypted_slots() -> Iterator[Slot]:
    """All that is encrypted: fields of ours, and the second factors."""
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.local_concrete_fields:
            if isinstance(field, EncryptedTextField):
                yield from _slots(model, field.name)
    yield from _slots(Authenticator, "data")


def _slots(model: type[models.Model], column: str) -> Iterator[Slot]:
    rows = model._base_manager.select_for_update().order_by("pk")
    for pk, value in list(rows.values_list("pk", column)):
        yield Slot(model, pk, column, value)


def count_unreadable() -> int:
    """How many tokens no key opens."""
    with transaction.atomic():
        return _go_through(lambda token: crypto.decrypt(token) and token).unreadable


def rotate_keys(actor: Actor, *, is_keeping_old: bool = False, wait_seconds: float = WAIT_SECONDS) -> Rotation:
    """Make a new field key, encrypt everything with it, then remove the old ones.

    No job may run: it would keep, for hours, what was encrypted with the old key. Raises ``BusyError``.
    """
    path = Path(settings.OOB_DATA_DIR) / FIELD_KEYS_NAME
    with run_lock(Path(settings.OOB_BACKUP_DIR), make_holder("rotatekeys", "rotatekeys", timezone.now())):
        new = make_field_key()
        write_field_keys(path, [new, *read_field_keys(path)])
        rotation = encrypt_anew(new)
        if not is_keeping_old and not rotation.unreadable:
            time.sleep(wait_seconds)
            encrypt_anew(new)  # what others have stored meanwhile
            write_field_keys(path, [new])
        record(actor, "keys.rotated", None, {"count": rotation.done})
    return rotation


def encrypt_anew(key: str) -> Rotation:
    """Encrypt with ``key``, in one transaction, whatever was encrypted with another one."""
    with transaction.atomic():
        return _go_through(partial(_rotate, Fernet(key)))


def _rotate(newest: Fernet, token: str) -> str:
    try:
        newest.decrypt(token.encode())
    except InvalidToken:
        return newest.encrypt(crypto.decrypt(token).encode()).decode()
    return token


def _go_through(change: Any) -> Rotation:
    rotation = Rotation()
    for slot in encrypted_slots():
        value = _change(slot.value, change, rotation)
        if value != slot.value:
            slot.model._base_manager.filter(pk=slot.pk).update(**{slot.column: value})
    return rotation


def _change(value: Any, change: Any, rotation: Rotation) -> Any:
    """The same value with changed tokens, which may lie anywhere in JSON."""
    if isinstance(value, Secret):
        return Secret(_change(value.token, change, rotation))
    if isinstance(value, dict):
        return {key: _change(item, change, rotation) for key, item in value.items()}
    if isinstance(value, list):
        return [_change(item, change, rotation) for item in value]
    if not isinstance(value, str) or not value.startswith(crypto.TOKEN_PREFIX):
        return value
    try:
        changed = change(value)
    except crypto.SecretUnreadableError:
        rotation.unreadable += 1
        return value
    rotation.done += changed != value
    return changed
