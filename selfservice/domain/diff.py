"""What changed between two states of the file, for people to read: secrets are masked in both."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from selfservice.domain.masking import mask, secrets_of

_CONTEXT = 3
_LONE_RETURN = re.compile(rb"\r(?!\n)")


def masked_diff(old: bytes, new: bytes, *, old_name: str = "settings.js", new_name: str = "settings.js") -> str:
    """A unified diff, empty when the files are equal. A changed password shows as a changed line."""
    if old == new:
        return ""
    old, new = (_LONE_RETURN.sub(b"\n", content) for content in (old, new))
    secrets = secrets_of(old) | secrets_of(new)
    before, after = (_lines(content.decode("latin-1")) for content in (old, new))
    shown = [_lines(mask(content, secrets)) for content in (old, new)]
    if _have_both_ends(before, after):
        shown = [_with_returns(*pair) for pair in zip(shown, (before, after), strict=True)]
    groups = SequenceMatcher(None, before, after).get_grouped_opcodes(_CONTEXT)
    hunks = [line for group in groups for line in _hunk(group, *shown)]
    return "\n".join([f"--- {old_name}", f"+++ {new_name}", *hunks]) + "\n"


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _have_both_ends(before: list[str], after: list[str]) -> bool:
    """Whether some lines end with CRLF and others do not: then two that differ in this alone would look alike."""
    return len({line.endswith("\r") for line in before[:-1] + after[:-1]}) > 1


def _with_returns(shown: list[str], lines: list[str]) -> list[str]:
    return [text + "\r" if line.endswith("\r") else text for text, line in zip(shown, lines, strict=True)]


def _hunk(group: list[tuple[str, int, int, int, int]], old: list[str], new: list[str]) -> Iterator[str]:
    first, last = group[0], group[-1]
    yield f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@"
    for tag, old_from, old_to, new_from, new_to in group:
        if tag == "equal":
            yield from (" " + line.removesuffix("\r") for line in old[old_from:old_to])
        else:
            yield from (f"-{line}" for line in old[old_from:old_to])
            yield from (f"+{line}" for line in new[new_from:new_to])


def _range(start: int, end: int) -> str:
    """An empty one stands behind the line ``start``."""
    return f"{start + 1 if end > start else start},{end - start}"
