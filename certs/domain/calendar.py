"""Days on which certificates end, as a calendar that programs subscribe to (iCalendar, RFC 5545)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

_HEAD = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//oobsite//certificates//DE", "CALSCALE:GREGORIAN")
_MOST_BYTES = 75
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Entry:
    """``uid`` is the same whenever the same end is meant; ``remind_days``: days before it."""

    uid: str
    day: dt.date
    title: str
    text: str
    remind_days: int = 14


def render_calendar(entries: Iterable[Entry], now: dt.datetime) -> str:
    """The whole file; its lines end as the standard wants it."""
    lines = [*_HEAD, *(line for entry in entries for line in _event(entry, now)), "END:VCALENDAR"]
    return "".join(f"{_fold(line)}\r\n" for line in lines)


def _event(entry: Entry, now: dt.datetime) -> list[str]:
    return [
        "BEGIN:VEVENT",
        f"UID:{entry.uid}",
        f"DTSTAMP:{now.astimezone(dt.UTC).strftime(_STAMP)}",
        f"DTSTART;VALUE=DATE:{entry.day:%Y%m%d}",
        f"SUMMARY:{_escape(entry.title)}",
        f"DESCRIPTION:{_escape(entry.text)}",
        "TRANSP:TRANSPARENT",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"DESCRIPTION:{_escape(entry.title)}",
        f"TRIGGER:-P{entry.remind_days}D",
        "END:VALARM",
        "END:VEVENT",
    ]


def _escape(text: str) -> str:
    for mark in ("\\", ";", ","):
        text = text.replace(mark, f"\\{mark}")
    return "\\n".join(text.splitlines())


def _fold(line: str) -> str:
    """No line is longer than 75 bytes, and no letter is cut in two."""
    parts, rest = [], line
    while len(rest.encode()) > _MOST_BYTES - 1:  # every further line begins with a space, which counts
        cut = _MOST_BYTES - 1
        while len(rest[:cut].encode()) > _MOST_BYTES - 1:
            cut -= 1
        parts.append(rest[:cut])
        rest = rest[cut:]
    return "\r\n ".join([*parts, rest])
