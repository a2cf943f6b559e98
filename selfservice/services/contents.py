"""What the file is to become, made from the settings or from an earlier state."""

from __future__ import annotations

from selfservice.domain.rules import FILE_KEYS, SelfServiceValues, validate
from selfservice.domain.settings_js import FileSettings, change_settings, new_file, read_settings
from selfservice.errors import SelfServiceInvalidError, SelfServiceUnsetError, ValueUnknownError
from selfservice.models import SelfServiceSettings, SettingsVersion
from selfservice.services.comparing import changes_of, fill, values_of
from selfservice.services.looking import look_at


def make_content(row: SelfServiceSettings, present: bytes | None) -> bytes:
    """The file as wanted, made from the present one.

    Raises ``SelfServiceUnsetError``, ``SelfServiceInvalidError``, ``ValueUnknownError``, ``SettingsRefusedError``,
    ``SecretUnreadableError``.
    """
    values = good_values(row)
    found = read_settings(present) if present is not None else None
    _require_expressions(row, found)
    if present is None or found is None:
        return new_file(values.by_key)
    changes = changes_of(row, found)
    return change_settings(present, changes) if changes else present


def good_values(row: SelfServiceSettings) -> SelfServiceValues:
    """Raises ``SelfServiceUnsetError``, ``SelfServiceInvalidError``, ``SecretUnreadableError``."""
    if not row.is_stored:
        raise SelfServiceUnsetError
    values = values_of(row)
    broken = validate(values, kept=tuple(row.expressions))
    if broken:
        raise SelfServiceInvalidError([error.field for error in broken])
    return values


def _require_expressions(row: SelfServiceSettings, found: FileSettings | None) -> None:
    """What is to stay an expression must be one: there is no value that could take its place."""
    lost = [name for name in row.expressions if found is None or found.found[FILE_KEYS[name]].state != "expression"]
    if lost:
        raise ValueUnknownError(lost)


def content_of(version: SettingsVersion) -> bytes:
    """An earlier state.

    Raises ``SettingsRefusedError``; ``SelfServiceInvalidError`` when Webelexis would hang with it.
    """
    content, row = version.content, SelfServiceSettings()
    fill(row, look_at(content))
    broken = [error.field for error in validate(values_of(row), kept=tuple(row.expressions))]
    if "duration_minutes" in broken:
        raise SelfServiceInvalidError(["duration_minutes"])
    return content
