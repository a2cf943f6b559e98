"""What is wanted beside what stands in the file: where they differ, and which of them counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction

from backups.models import Source
from oobsite import crypto
from oobsite.accounts.actors import Actor
from oobsite.audit.services import record
from oobsite.fields import Secret
from selfservice.domain.errors import SettingsFileMissingError
from selfservice.domain.masking import MASK
from selfservice.domain.rules import FILE_KEYS, SelfServiceValues
from selfservice.domain.settings_js import FileSettings, Value
from selfservice.errors import SelfServiceUnsetError
from selfservice.models import FIELDS, SelfServiceSettings
from selfservice.services.looking import Look, ask_look, look
from selfservice.services.places import settings_path

_EXPRESSION = "expression"
_LARGEST = 2**31 - 1  # of a number in a database


@dataclass(frozen=True)
class Difference:
    """One field as oobsite wants it and as the file has it, as texts for people; a password is never one."""

    field: str
    ours: str
    theirs: str


def values_of(row: SelfServiceSettings) -> SelfServiceValues:
    """What is wanted. A field that stays an expression has no value here that counts."""
    values = {name: getattr(row, name) for name in FIELDS}
    return SelfServiceValues(**{**values, "password": row.password.reveal()})


def fill(row: SelfServiceSettings, seen: Look) -> None:
    """Let ``row`` say what the file says; nothing is stored."""
    for name in FIELDS:
        if name == "password":
            _fill_password(row, seen)
        elif name in seen.values:
            setattr(row, name, _fitting(name, seen.values[name]))
        else:
            setattr(row, name, default_of(name))
    row.expressions = dict(seen.expressions)
    row.file_fingerprint = seen.fingerprint


def _fill_password(row: SelfServiceSettings, seen: Look) -> None:
    """The same password stays as it is: encrypted anew, it would pass for another one."""
    if _password_of(row) != _password_in(seen):
        row.password = Secret(seen.password)


def _password_of(row: SelfServiceSettings) -> str | None:
    """None when no key opens it any more: it is another one than any."""
    try:
        password: str = row.password.reveal()
    except crypto.SecretUnreadableError:
        return None
    return password


def _password_in(seen: Look) -> str:
    return crypto.decrypt(seen.password) if seen.password else ""


def _fitting(name: str, value: Value) -> str | int:
    """A value of the file as our field can hold it; what is no number there becomes 0, which the form refuses."""
    field = _field(name)
    if not isinstance(field, models.IntegerField):
        return "" if value is None else str(value)[: field.max_length]
    try:
        number = int(float(value)) if value is not None else 0
    except (ValueError, OverflowError):
        return 0
    return number if abs(number) <= _LARGEST else 0


def default_of(name: str) -> Any:
    """What a field says where nobody has said anything."""
    return _field(name).get_default()


def _field(name: str) -> models.Field[Any, Any]:
    field = SelfServiceSettings._meta.get_field(name)
    assert isinstance(field, models.Field)  # noqa: S101 - all of ours are
    return field


def changes_of(row: SelfServiceSettings, found: FileSettings) -> dict[str, Value]:
    """What must change in the file, by its keys. An expression stays where ``row`` keeps it."""
    wanted = values_of(row).by_key
    kept = {FILE_KEYS[name] for name in row.expressions}
    return {
        key: value
        for key, value in wanted.items()
        if not (found.found[key].state == _EXPRESSION and key in kept) and _differs(found, key, value)
    }


def _differs(found: FileSettings, key: str, wanted: Value) -> bool:
    one = found.found[key]
    is_other = type(one.value) is not type(wanted) or _without_ends(one.value) != _without_ends(wanted)
    return one.state != "value" or is_other


def _without_ends(value: Any) -> Any:
    """Line ends are those of whoever wrote the file; an editor that changes them changes no value."""
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


def differences_of(row: SelfServiceSettings, seen: Look) -> list[Difference]:
    """Where the file says something else than ``row``, by fields in their order."""
    fields = [name for name in FIELDS if _without_ends(_ours(row, name)) != _without_ends(_theirs(row, seen, name))]
    return [_show(row, seen, name) for name in fields]


def _ours(row: SelfServiceSettings, name: str) -> Any:
    if name in row.expressions:
        return (_EXPRESSION, row.expressions[name])
    return _password_of(row) if name == "password" else getattr(row, name)


def _theirs(row: SelfServiceSettings, seen: Look, name: str) -> Any:
    if name in seen.expressions:
        return (_EXPRESSION, seen.expressions[name])
    if name == "password":
        return _password_in(seen)
    value = seen.values.get(name)
    return "" if value is None and getattr(row, name) == "" else value


def _show(row: SelfServiceSettings, seen: Look, name: str) -> Difference:
    return Difference(name, _as_text(name, _ours(row, name)), _as_text(name, _theirs(row, seen, name)))


def _as_text(name: str, value: Any) -> str:
    if isinstance(value, tuple):
        return str(value[1])
    if name == "password" and value:
        return MASK
    return "" if value is None else str(value)


def take_over(actor: Actor) -> None:
    """The file counts: what it says is wanted from now on.

    Raises ``NotAllowedError``, ``WorkerSilentError``, ``SettingsFileMissingError``, and what is wrong with the file.
    """
    actor.require("selfservice.change_selfservicesettings")
    seen = ask_look()
    if seen.problem is not None:
        raise seen.problem
    if not seen.is_there:
        raise SettingsFileMissingError(seen.path)
    row = SelfServiceSettings.load()
    fill(row, seen)
    _keep(actor, "selfservice.taken-over", row)


def keep_ours(actor: Actor) -> None:
    """What oobsite has counts; the file is known now, and changes when that is ordered.

    Raises ``NotAllowedError``, ``WorkerSilentError``, ``SelfServiceUnsetError``.
    """
    actor.require("selfservice.change_selfservicesettings")
    row = SelfServiceSettings.load()
    if not row.is_stored:
        raise SelfServiceUnsetError
    row.file_fingerprint = ask_look().fingerprint
    _keep(actor, "selfservice.kept", row)


def _keep(actor: Actor, act: str, row: SelfServiceSettings) -> None:
    with transaction.atomic():
        row.save()
        record(actor, act, row)


def tell_differences(sources: Iterable[Source], **_signal: object) -> dict[str, object]:
    """What an exchange of ``sources`` has made of the file, for the last page of the restore."""
    row = SelfServiceSettings.load()
    if not row.is_stored or not any(settings_path().is_relative_to(source.folder) for source in sources):
        return {}
    seen = look()
    if seen.fingerprint and seen.fingerprint == row.file_fingerprint:  # what differs is saved and not written yet
        return {}
    if seen.problem is not None:
        return {"selfservice": {"problem": {"code": seen.problem.code, "params": dict(seen.problem.notice.params)}}}
    found = differences_of(row, seen)
    return {"selfservice": {"fields": [one.field for one in found]}} if found else {}
