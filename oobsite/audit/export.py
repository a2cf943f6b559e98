"""The list as CSV for Excel: streamed, with a byte order mark, and no cell that Excel would calculate."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext

from oobsite.audit.messages import action_words
from oobsite.audit.models import AuditEvent
from oobsite.audit.showing import summary, who

_BYTE_ORDER_MARK = "\ufeff"
#: Excel takes a cell that begins so for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class _Line:
    """The csv module writes to it and gets back what it wrote."""

    def write(self, text: str) -> str:
        return text


def csv_lines(events: Iterable[AuditEvent], language: str) -> Iterator[str]:
    """Lines of the file in ``language``; the first names the columns."""
    writer = csv.writer(_Line(), delimiter=";")
    with translation.override(language):
        yield _BYTE_ORDER_MARK + writer.writerow(_header())
    for event in events:
        with translation.override(language):
            yield writer.writerow([safe_cell(cell) for cell in _cells(event)])


def safe_cell(text: str) -> str:
    """Put an apostrophe before what Excel would take for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text


def _header() -> list[str]:
    return [
        gettext("Number"),
        gettext("When"),
        gettext("Who"),
        gettext("What"),
        gettext("Object"),
        gettext("Details"),
        gettext("Address"),
        gettext("Hash"),
    ]


def _cells(event: AuditEvent) -> list[str]:
    happened_at = date_format(timezone.localtime(event.happened_at), "d.m.Y H:i:s")
    what = action_words(event.action)
    return [
        str(event.number),
        happened_at,
        who(event),
        what,
        event.object_label,
        summary(event),
        event.ip,
        event.hash,
    ]
