"""Webelexis' ``settings.js``: read, and changed so that every byte but the changed values stays.

The file is bytes throughout: somebody may have written it in Latin-1, with a BOM or with CRLF.
Keys are named ``section.key``, as in ``KEYS``.
"""

from __future__ import annotations

from selfservice.domain.settings_js.exporting import is_es_module
from selfservice.domain.settings_js.reading import FileSettings, Found, read_settings
from selfservice.domain.settings_js.refusals import Reason
from selfservice.domain.settings_js.values import KEYS, Value
from selfservice.domain.settings_js.writing import change_settings, new_file

__all__ = [
    "KEYS",
    "FileSettings",
    "Found",
    "Reason",
    "Value",
    "change_settings",
    "is_es_module",
    "new_file",
    "read_settings",
]
