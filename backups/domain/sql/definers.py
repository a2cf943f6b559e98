"""Taking ``DEFINER=...`` out of the statements of a dump while it streams by, and never out of its data.

A definer is an account of the server that wrote the dump. Naming another account than one's own needs a right that
nobody should have who loads a foreign file, and with it a routine could do what root may.

Only the heads of statements are changed: ``CREATE`` or ``ALTER`` and the words between it and the kind of the object.
Strings, names and comments are passed over as wholes; what stands in ``/*!50017 ... */`` is code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_GAP = rb"(?:\s++|/\*M?!\d*+|\*/)*+"
_PART = rb"(?:`(?:[^`]|``)*+`|'(?:[^'\\]|\\.|'')*+'|\"(?:[^\"\\]|\\.|\"\")*+\"|[\w$.%-]++)"
_ACCOUNT = rb"(?:CURRENT_(?:USER|ROLE)\b(?:\s*+\(\s*+\))?+|" + _PART + rb"(?:\s*+@\s*+" + _PART + rb")?+)"
_DEFINER = rb"\bDEFINER" + _GAP + rb"=" + _GAP + _ACCOUNT
_BETWEEN = (
    rb"\s++|/\*M?!\d*+|\*/|=|\b(?:OR|REPLACE|ALGORITHM|UNDEFINED|MERGE|TEMPTABLE|AGGREGATE|SQL|SECURITY|INVOKER)\b|"
)
_FLAGS = re.IGNORECASE | re.DOTALL
_CLAUSE = re.compile(_DEFINER, _FLAGS)
_HEAD = re.compile(rb"(?:CREATE|ALTER)\b(?:" + _BETWEEN + _DEFINER + rb"|\bDEFINER\b)*+", _FLAGS)
# What needs no look: whole strings and names, words other than the two, and all that opens nothing.
_PLAIN = re.compile(
    rb"(?:[^'\"`#/\-A-Za-z_\x80-\xff]++"
    rb"|'(?:[^'\\]++|\\.)*+'|\"(?:[^\"\\]++|\\.)*+\"|`[^`]*+`"
    rb"|(?!(?:CREATE|ALTER)(?![\w$\x80-\xff]))[A-Za-z_\x80-\xff][\w$\x80-\xff]*+"
    rb"|-(?!-\s)|/(?!\*)|/\*(?=M?!))*+",
    _FLAGS,
)
_REST_OF = {
    b"'": re.compile(rb"(?:[^'\\]++|\\.)*+", re.DOTALL),
    b'"': re.compile(rb"(?:[^\"\\]++|\\.)*+", re.DOTALL),
    b"`": re.compile(rb"[^`]*+"),
    b"\n": re.compile(rb"[^\n]*+"),
    b"*/": re.compile(rb"(?:[^*]++|\*(?!/))*+"),
}
# A head longer than this is none; shorter ones are never cut.
_MOST_HEAD = 4096
_CUT_WORD = re.compile(rb"(?:/\*M|[\w$\x80-\xff]{1,80}|(?:/\*M)?[-/*!\\]{1,3})\Z")


class DefinerFilter:
    """Takes the blocks of a dump, gives them back without definers, and counts these (``count``)."""

    def __init__(self) -> None:
        self.count = 0
        self._rest = b""
        self._end = b""  # what ends the string or comment in which we are; empty between them

    def filter(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        for block in blocks:
            yield self._take(self._rest + block, is_last=False)
        yield self._take(self._rest, is_last=True)

    def _take(self, text: bytes, *, is_last: bool) -> bytes:
        limit = len(text) if is_last else _safe_end(text)
        done: list[bytes] = []
        at = 0
        while at < limit:
            piece, at_next = self._step(text, at, limit, is_last=is_last)
            if at_next == at:
                break
            done.append(piece)
            at = at_next
        self._rest = text[at:]
        return b"".join(done)

    def _step(self, text: bytes, at: int, limit: int, *, is_last: bool) -> tuple[bytes, int]:
        """The next piece as it shall be, and where the one behind it begins."""
        if self._end:
            return self._step_inside(text, at, limit)
        match = _PLAIN.match(text, at, limit)
        if match is not None and match.end() > at:
            return match[0], match.end()
        if text[at : at + 1] in b"'\"`#" or text.startswith((b"--", b"/*"), at):
            return self._open(text, at)
        if not is_last and len(text) - at < _MOST_HEAD:
            return b"", at
        return self._step_head(text, at)

    def _step_inside(self, text: bytes, at: int, limit: int) -> tuple[bytes, int]:
        match = _REST_OF[self._end].match(text, at, limit)
        end = match.end() if match is not None else at
        if text.startswith(self._end, end) and end + len(self._end) <= limit:
            end += len(self._end)
            self._end = b""
        return text[at:end], end

    def _open(self, text: bytes, at: int) -> tuple[bytes, int]:
        first = text[at : at + 1]
        self._end = {b"#": b"\n", b"-": b"\n", b"/": b"*/"}.get(first, first)
        length = 2 if first in b"-/" else 1
        return text[at : at + length], at + length

    def _step_head(self, text: bytes, at: int) -> tuple[bytes, int]:
        head = _HEAD.match(text, at)
        if head is None:
            return text[at : at + 1], at + 1
        changed, count = _CLAUSE.subn(lambda clause: b"\n" * clause[0].count(b"\n"), head[0])
        self.count += count
        return changed, head.end()


def _safe_end(text: bytes) -> int:
    """Up to where a block can be judged without the next one: not in a word, a sign of two bytes or an escape."""
    cut = _CUT_WORD.search(text, max(len(text) - 100, 0))
    end = cut.start() if cut is not None else len(text)
    return len(text[:end].rstrip(b"/*"))  # in a row of these each sign may belong to the one before it


def strip_definer(statement: str) -> str:
    """One statement without its definer."""
    return b"".join(DefinerFilter().filter([statement.encode()])).decode()
