"""Strict readers of the environment: a wrong value ends the start with a sentence, never with a guess.

Only ``oobsite/settings.py`` calls these. The sentences come before Django is there, hence Python's gettext.
"""

from __future__ import annotations

import gettext
import os
import re
import shlex
from collections.abc import Callable, Mapping
from datetime import time
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

from oobsite.errors import SettingError

_LOCALE_DIR = Path(__file__).parent / "locale"
_TIME = r"((?:[01]\d|2[0-3]):[0-5]\d)"
_WINDOW = re.compile(rf"{_TIME}\s*[-–]\s*{_TIME}")
_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off")


class Environment:
    """Reads settings from a mapping such as ``os.environ``."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = os.environ if values is None else values
        language = self._values.get("OOB_LANGUAGE", "de")
        self._gettext = gettext.translation("django", _LOCALE_DIR, [language], fallback=True).gettext

    @property
    def gettext(self) -> Callable[[str], str]:
        """Translates sentences of the start, when Django is not there yet."""
        return self._gettext

    def text(self, name: str, default: str = "") -> str:
        """The value without surrounding blanks; an empty one counts as absent."""
        return self._values.get(name, "").strip() or default

    def secret(self, name: str, default: str = "") -> str:
        """The value of ``name``, or the content of the file that ``NAME_FILE`` names."""
        _ = self._gettext
        path = self._values.get(f"{name}_FILE", "").strip()
        if not path:
            return self._values.get(name, "") or default
        if self._values.get(name):
            raise SettingError(_("Both %(name)s and %(name)s_FILE are set. Remove one of them.") % {"name": name})
        try:
            return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            sentence = _("%(name)s_FILE names the file %(path)s, which cannot be read: %(reason)s")
            raise SettingError(sentence % {"name": name, "path": path, "reason": error}) from error

    def number(self, name: str, default: int, *, minimum: int = 0, maximum: int = 2**31) -> int:
        """A whole number between ``minimum`` and ``maximum``, both included."""
        _ = self._gettext
        value = self.text(name, str(default))
        if not value.isascii() or not value.isdigit() or not minimum <= int(value) <= maximum:
            sentence = _("%(name)s is “%(value)s”, but must be a whole number from %(min)d to %(max)d.")
            raise SettingError(sentence % {"name": name, "value": value, "min": minimum, "max": maximum})
        return int(value)

    def flag(self, name: str, default: bool) -> bool:
        """yes or no, in the usual spellings."""
        _ = self._gettext
        value = self.text(name, "yes" if default else "no").lower()
        if value not in _TRUE + _FALSE:
            sentence = _("%(name)s is “%(value)s”, but must be yes or no.")
            raise SettingError(sentence % {"name": name, "value": value})
        return value in _TRUE

    def command(self, name: str) -> list[str]:
        """A program with its arguments, quoted as for a shell; none is started. Empty when it is not set."""
        _ = self._gettext
        value = self.text(name)
        try:
            return shlex.split(value)
        except ValueError:
            sentence = _("%(name)s is “%(value)s”, whose quotation marks do not match.")
            raise SettingError(sentence % {"name": name, "value": value}) from None

    def names(self, name: str) -> list[str]:
        """Words divided by commas, each once."""
        return list(dict.fromkeys(filter(None, (part.strip() for part in self.text(name).split(",")))))

    def folder(self, name: str, default: Path) -> Path:
        """An absolute path; whether the folder is there is checked where it is used."""
        _ = self._gettext
        value = Path(self.text(name, str(default)))
        if not value.is_absolute():
            sentence = _("%(name)s is “%(value)s”, but must be an absolute path such as /backup.")
            raise SettingError(sentence % {"name": name, "value": value})
        return value

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        """One of the words ``allowed``."""
        _ = self._gettext
        value = self.text(name, default)
        if value not in allowed:
            sentence = _("%(name)s is “%(value)s”, but must be one of: %(allowed)s.")
            raise SettingError(sentence % {"name": name, "value": value, "allowed": ", ".join(allowed)})
        return value

    def window(self, name: str, default: str) -> tuple[time, time] | None:
        """Begin and end of a part of the day, such as ``01:00-05:00``; None when it is ``off``."""
        _ = self._gettext
        value = self.text(name, default)
        found = _WINDOW.fullmatch(value)
        if value.lower() != "off" and (found is None or found[1] == found[2]):
            sentence = _("%(name)s is “%(value)s”, but must be two times such as 01:00-05:00, or off.")
            raise SettingError(sentence % {"name": name, "value": value})
        return None if found is None else (time.fromisoformat(found[1]), time.fromisoformat(found[2]))

    def time_zone(self, name: str, default: str) -> str:
        """A name of the IANA time zone database."""
        _ = self._gettext
        value = self.text(name, default)
        try:
            ZoneInfo(value)
        except (ValueError, OSError, KeyError) as error:
            sentence = _("%(name)s is “%(value)s”, which is no time zone. Example: Europe/Zurich.")
            raise SettingError(sentence % {"name": name, "value": value}) from error
        return value

    def proxies(self, name: str, url: str) -> list[IPv4Network | IPv6Network]:
        """Addresses and networks, divided by commas. An https ``url`` needs one: we serve plain http behind it."""
        _ = self._gettext
        if url.startswith("https://") and not self.text(name):
            sentence = _(
                "OOB_URL begins with https://, but %(name)s names no proxy that serves it. Example: 172.18.0.0/16, "
                "the network of Traefik."
            )
            raise SettingError(sentence % {"name": name})
        found = []
        for value in filter(None, (part.strip() for part in self.text(name).split(","))):
            try:
                found.append(ip_network(value))
            except ValueError as error:
                sentence = _(
                    "%(name)s contains “%(value)s”, which is no address and no network. Example: 172.18.0.0/16."
                )
                raise SettingError(sentence % {"name": name, "value": value}) from error
        return found

    def url(self, name: str, default: str) -> str:
        """An address that begins with http:// or https:// and has no path."""
        _ = self._gettext
        value = self.text(name, default).rstrip("/")
        scheme, _sep, host = value.partition("://")
        if scheme not in ("http", "https") or not host or "/" in host:
            sentence = _("%(name)s is “%(value)s”, but must be an address such as https://oobsite.nuno.")
            raise SettingError(sentence % {"name": name, "value": value})
        return value
