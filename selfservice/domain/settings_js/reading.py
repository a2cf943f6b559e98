"""What a ``settings.js`` says, without running it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from tree_sitter import Node

from selfservice.domain.settings_js.exporting import exported_object
from selfservice.domain.settings_js.parsing import COMMENTS, line_of, refused, text_of, unwrap
from selfservice.domain.settings_js.refusals import Reason
from selfservice.domain.settings_js.values import (
    KEYS,
    SECTIONS,
    Value,
    decode_number,
    decode_string,
    decode_template,
)


@dataclass(frozen=True)
class Found:
    """One key. ``state``: ``value`` (see ``value``), ``expression`` (see ``expression``) or ``missing``.

    ``line`` counts from 1. Neither value nor expression is in the ``repr``: one of them is the password.
    """

    state: str
    line: int = 0
    value: Value = field(default=None, repr=False)
    expression: str = field(default="", repr=False)


@dataclass(frozen=True)
class FileSettings:
    """``found`` has every name of ``KEYS``."""

    found: Mapping[str, Found]

    @property
    def values(self) -> dict[str, Value]:
        """The plain values alone, by key."""
        return {key: one.value for key, one in self.found.items() if one.state == "value"}


@dataclass(frozen=True)
class Layout:
    """Where the tree has what is ours: the object, its sections, and the members that count."""

    root: Node
    sections: Mapping[str, Node]
    members: Mapping[str, Node]


def read_settings(content: bytes) -> FileSettings:
    """Raises ``SettingsRefusedError``."""
    layout = find_layout(content)
    return FileSettings({key: _found(content, layout, key) for key in KEYS})


def find_layout(content: bytes) -> Layout:
    """Raises ``SettingsRefusedError``."""
    root = exported_object(content)
    sections: dict[str, Node] = {}
    members: dict[str, Node] = {}
    for section, member in _members(content, root, SECTIONS).items():
        value = unwrap(_value(member))
        if member.type != "pair" or value.type != "object":
            raise refused(content, Reason.SECTION, member)
        sections[section] = value
    if len(sections) < len(SECTIONS):
        _refuse_spread(content, root)
    for section, node in sections.items():
        names = [key.partition(".")[2] for key in KEYS if key.startswith(f"{section}.")]
        members |= {f"{section}.{name}": one for name, one in _members(content, node, names).items()}
    return Layout(root, sections, members)


def members_of(node: Node) -> list[Node]:
    return [child for child in node.named_children if child.type not in COMMENTS]


def _members(content: bytes, node: Node, names: Collection[str]) -> dict[str, Node]:
    """The member that counts for each of ``names``: the last one. Refuses what could hide another."""
    found: dict[str, Node] = {}
    for member in members_of(node):
        if member.type == "spread_element":
            if found:
                raise refused(content, Reason.SPREAD, member)
            continue
        name = _name(content, member)
        if name in names:
            if member.type == "method_definition":
                raise refused(content, Reason.GETTER, member)
            found[name] = member
    return found


def _refuse_spread(content: bytes, root: Node) -> None:
    """A section that is missing may come from there, and a new one would hide all of it."""
    for member in members_of(root):
        if member.type == "spread_element":
            raise refused(content, Reason.SPREAD, member)


def _name(content: bytes, member: Node) -> str:
    key = member.child_by_field_name("key") or member.child_by_field_name("name") or member
    if key.type == "computed_property_name":
        key = unwrap(key.named_children[0])
        if key.type != "string":
            raise refused(content, Reason.COMPUTED_KEY, member)
    text = text_of(key)
    return decode_string(text[1:-1] if key.type == "string" else text)


def _value(member: Node) -> Node:
    return member.child_by_field_name("value") or member


def _found(content: bytes, layout: Layout, key: str) -> Found:
    member = layout.members.get(key)
    if member is None:
        return _inherited(content, layout, key)
    line, node = line_of(content, member.start_byte), _value(member)
    literal = _literal(unwrap(node))
    if literal:
        return Found("value", line, literal[0])
    return Found("expression", line, expression=text_of(node))


def _inherited(content: bytes, layout: Layout, key: str) -> Found:
    """A missing key, unless ``...other`` in its section may bring it along."""
    section = layout.sections.get(key.partition(".")[0])
    spreads = [one for one in members_of(section) if one.type == "spread_element"] if section else []
    if not spreads:
        return Found("missing")
    return Found("expression", line_of(content, spreads[-1].start_byte), expression=text_of(spreads[-1]))


def _literal(node: Node) -> tuple[Value] | None:
    """The value in a tuple of one, so that ``null`` differs from an expression."""
    text = text_of(node)
    if node.type in ("null", "true", "false"):
        return ({"null": None, "true": True, "false": False}[node.type],)
    if node.type == "string":
        return (decode_string(text[1:-1]),)
    if node.type == "template_string":
        is_plain = all(child.type != "template_substitution" for child in node.named_children)
        return (decode_template(text[1:-1]),) if is_plain else None
    return _number(node, text)


def _number(node: Node, text: str) -> tuple[Value] | None:
    sign = 1
    if node.type == "unary_expression" and text[:1] in "+-" and node.named_child_count == 1:
        sign, node = -1 if text[0] == "-" else 1, node.named_children[0]
        text = text_of(node)
    number = decode_number(text) if node.type == "number" else None
    return None if number is None else (sign * number,)
