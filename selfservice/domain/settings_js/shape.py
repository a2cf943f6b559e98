"""How an object is written in a file, so that a new member looks like its neighbours."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tree_sitter import Node

from selfservice.domain.settings_js.parsing import LINE_END
from selfservice.domain.settings_js.reading import members_of

#: The name of a member and its literal.
Entry = tuple[str, str]


@dataclass(frozen=True)
class Shape:
    """How an object is laid out. ``indent`` is that of its members, ``base`` that of its own line."""

    is_multiline: bool
    newline: str
    base: str
    indent: str
    unit: str
    gap: str
    padding: str
    colon: str
    quote: str

    @property
    def line_break(self) -> str:
        return self.newline + self.indent

    def pairs(self, entries: list[Entry], between: str) -> str:
        """``name: literal`` for each entry, with commas."""
        pairs = (f"{self.quote}{name}{self.quote}{self.colon}{literal}" for name, literal in entries)
        return f",{between}".join(pairs)

    def section(self, entries: list[Entry]) -> str:
        """An object of its own, as a member of this one."""
        if not self.is_multiline:
            return f"{{{self.padding}{self.pairs(entries, self.gap)}{self.padding}}}"
        inner = self.line_break + self.unit
        return f"{{{inner}{self.pairs(entries, inner)}{self.line_break}}}"


def shape_of(content: bytes, node: Node) -> Shape:
    members = members_of(node)
    newline = LINE_END.search(content)
    base = _indent_at(content, node.start_byte)
    is_multiline = bool(LINE_END.search(content, node.start_byte, _start_of_last(node, members)))
    indent = _indent_at(content, members[-1].start_byte) if members and is_multiline else base + _unit(content)
    inside = content[node.start_byte + 1 : members[0].start_byte] if members else b""
    colon, quote = _pair_style(content, members)
    return Shape(
        is_multiline=is_multiline,
        newline=newline[0].decode() if newline else "\n",
        base=base,
        indent=indent,
        unit=indent.removeprefix(base) or _unit(content),
        gap=_gap(content, node, members),
        padding=" " if inside.strip(b" \t") == b"" and inside else "",
        colon=colon,
        quote=quote,
    )


def _start_of_last(node: Node, members: list[Node]) -> int:
    """An object is written over several lines when its last member does not begin on the line of its brace."""
    return members[-1].start_byte if members else node.end_byte


def _indent_at(content: bytes, offset: int) -> str:
    """The blanks at the beginning of the line of a byte."""
    begin = max((match.end() for match in LINE_END.finditer(content, 0, offset)), default=0)
    found = re.compile(rb"[ \t]*").match(content, begin)
    return found[0].decode() if found else ""


def _unit(content: bytes) -> str:
    """One step of indentation: the first that the file has."""
    found = re.search(rb"[\r\n]([ \t]+)[^\s*/]", content)
    return found[1].decode() if found else "  "


def _gap(content: bytes, node: Node, members: list[Node]) -> str:
    """What stands between a comma and the next member on one line."""
    if len(members) < 2:
        return "" if b'":' in (node.text or b"") and b", " not in content else " "
    between = content[members[-2].end_byte : members[-1].start_byte]
    return "" if between == b"," else " "


def _pair_style(content: bytes, members: list[Node]) -> tuple[str, str]:
    """What stands between key and value, and around the key, in the last pair of an object."""
    for member in reversed(members):
        key, value = member.child_by_field_name("key"), member.child_by_field_name("value")
        if member.type == "pair" and key and value:
            between = content[key.end_byte : value.start_byte].decode("utf-8", "replace")
            first = (key.text or b"")[:1].decode("utf-8", "replace")
            colon = between if re.fullmatch(r"[ \t]*:[ \t]*", between) else ": "
            return colon, first if first in "\"'" else ""
    return ": ", ""
