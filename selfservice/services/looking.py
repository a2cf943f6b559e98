"""What stands in Webelexis' file, for pages: the worker alone may read it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from backups.services.asking import ask
from oobsite import crypto
from oobsite.errors import OobError
from selfservice.domain.masking import MASK, masked_expression
from selfservice.domain.rules import FILE_KEYS
from selfservice.domain.settings_js import FileSettings, Value, is_es_module, read_settings
from selfservice.services.places import fingerprint, read_present, settings_path

_VARIABLE = re.compile(r"process\.env\.\w+")


@dataclass(frozen=True)
class Look:
    """The file at one moment, by fields of ``SelfServiceValues``. ``problem``: why it cannot be read or changed.

    The password is encrypted: answers of the worker are stored. ``fingerprint`` is empty when there is no file.
    ``is_es_module``: it can be changed, and hardly any Webelexis loads it.
    """

    path: str
    fingerprint: str
    values: Mapping[str, Value] = field(default_factory=dict, repr=False)
    password: str = field(default="", repr=False)
    expressions: Mapping[str, str] = field(default_factory=dict)
    problem: OobError | None = None
    is_es_module: bool = False

    @property
    def is_there(self) -> bool:
        return bool(self.fingerprint)


def ask_look() -> Look:
    """From a page. Raises ``WorkerSilentError``."""
    found: Look = ask("selfservice.jobs.look", None)
    return found


def look() -> Look:
    """In the worker. What is wrong with the file is no error here but a part of the answer."""
    path = str(settings_path())
    try:
        content = read_present()
    except OobError as error:
        return Look(path, "", problem=error)
    if content is None:
        return Look(path, "")
    try:
        return look_at(content)
    except OobError as error:
        return Look(path, fingerprint(content), problem=error)


def look_at(content: bytes) -> Look:
    """Raises ``SettingsRefusedError``."""
    found = read_settings(content)
    plain = _plain_values(found)
    password = plain.pop("password", None)
    token = crypto.encrypt(str(password)) if password not in (None, "") else ""
    return Look(
        str(settings_path()),
        fingerprint(content),
        values=plain,
        password=token,
        expressions=_expressions(content, found),
        is_es_module=is_es_module(content),
    )


def _plain_values(found: FileSettings) -> dict[str, Value]:
    values = found.values
    return {name: _storable(values[key]) for name, key in FILE_KEYS.items() if key in values}


def _storable(value: Value) -> Value:
    """As a page shows it: half a sign, which no database and no page takes, becomes U+FFFD, and so does a NUL."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


def _expressions(content: bytes, found: FileSettings) -> dict[str, str]:
    """Readers of the page see them: without secrets."""
    texts = {
        name: found.found[key].expression for name, key in FILE_KEYS.items() if found.found[key].state == "expression"
    }
    shown = {name: masked_expression(text, content) for name, text in texts.items()}
    if "password" in texts:
        shown["password"] = _without_secret(texts["password"])
    return shown


def _without_secret(expression: str) -> str:
    """``process.env.SMTPPASSWORD || "the password itself"``: nothing but the name of the variable is shown."""
    found = _VARIABLE.match(expression)
    if found is None:
        return MASK
    return found[0] if found[0] == expression else f"{found[0]} …"
