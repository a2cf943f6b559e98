"""Values put into a ``settings.js`` without touching anything else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tree_sitter import Node

from selfservice.domain.errors import SettingsRefusedError
from selfservice.domain.settings_js.parsing import COMMENTS, LINE_END, refused, unwrap
from selfservice.domain.settings_js.reading import FileSettings, Layout, find_layout, members_of, read_settings
from selfservice.domain.settings_js.refusals import Reason
from selfservice.domain.settings_js.shape import Entry, Shape, shape_of
from selfservice.domain.settings_js.values import KEYS, SECTIONS, Value, encode, is_same

_HEADER = "// Einstellungen der Termin-Selbstbedienung, geschrieben von oobsite.\n"


@dataclass(frozen=True)
class Edit:
    """Bytes ``start`` to ``end`` of the file become ``text``, which may be the password."""

    start: int
    end: int
    text: str = field(repr=False)


def change_settings(content: bytes, changes: Mapping[str, Value]) -> bytes:
    """The file with these keys set; pass changed keys alone, so that expressions survive.

    Raises ``SettingsRefusedError``. The result has been parsed again and says what was asked for.
    """
    before = read_settings(content)
    wanted = {key: value for key, value in changes.items() if not _says(before, key, value)}
    if not wanted:
        return content
    changed = apply(content, plan_edits(content, wanted))
    _compare(content, changed, before, wanted)
    return changed


def new_file(values: Mapping[str, Value]) -> bytes:
    """A small file for an installation that has none."""
    sections = []
    for section in SECTIONS:
        keys = [key for key in KEYS if key in values and key.startswith(f"{section}.")]
        lines = "".join(f"    {key.partition('.')[2]}: {encode(values[key])},\n" for key in keys)
        sections.append(f"  {section}: {{\n{lines}  }},\n")
    return f"{_HEADER}module.exports = {{\n{''.join(sections)}}}\n".encode()


def plan_edits(content: bytes, changes: Mapping[str, Value]) -> list[Edit]:
    """What to write where, in the order of the file. Raises ``SettingsRefusedError``."""
    layout = find_layout(content)
    is_ascii = not _is_utf8(content)
    missing = {key: value for key, value in changes.items() if key not in layout.members}
    edits = [_replacement(layout, key, changes[key], is_ascii) for key in changes if key in layout.members]
    for section, node in layout.sections.items():
        edits += _insertion(content, node, _entries(missing, section, is_ascii))
    edits += _insertion(content, layout.root, list(_new_sections(content, layout, missing, is_ascii)))
    return sorted(edits, key=lambda edit: (edit.start, edit.end))


def apply(content: bytes, edits: list[Edit]) -> bytes:
    """The file with all edits made; ``edits`` are in the order of the file."""
    for edit in reversed(edits):
        content = content[: edit.start] + edit.text.encode() + content[edit.end :]
    return content


def _says(settings: FileSettings, key: str, value: Value) -> bool:
    found = settings.found[key]
    return found.state == "value" and is_same(found.value, value)


def _compare(content: bytes, changed: bytes, before: FileSettings, wanted: Mapping[str, Value]) -> None:
    try:
        after = read_settings(changed)
    except SettingsRefusedError as error:
        raise refused(content, Reason.NOT_KEPT) from error
    for key in KEYS:
        old, new = before.found[key], after.found[key]
        is_kept = (old.state, old.value, old.expression) == (new.state, new.value, new.expression)
        if not (_says(after, key, wanted[key]) if key in wanted else is_kept):
            raise refused(content, Reason.NOT_KEPT)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


# --- a key that is there ------------------------------------------------------------------------------------
def _replacement(layout: Layout, key: str, value: Value, is_ascii: bool) -> Edit:
    member = layout.members[key]
    node = member.child_by_field_name("value")
    if node is None:  # {host}, short for {host: host}
        return Edit(member.end_byte, member.end_byte, f": {encode(value, is_ascii=is_ascii)}")
    node = unwrap(node)  # parentheses and comments in them stay
    quote = "'" if (node.text or b"").startswith(b"'") else '"'
    return Edit(node.start_byte, node.end_byte, encode(value, quote=quote, is_ascii=is_ascii))


# --- a key or a section that is not -------------------------------------------------------------------------
def _entries(missing: Mapping[str, Value], section: str, is_ascii: bool) -> list[Entry]:
    """Name and literal of each missing key of a section."""
    keys = [key for key in KEYS if key in missing and key.startswith(f"{section}.")]
    return [(key.partition(".")[2], encode(missing[key], is_ascii=is_ascii)) for key in keys]


def _new_sections(content: bytes, layout: Layout, missing: Mapping[str, Value], is_ascii: bool) -> Iterator[Entry]:
    shape = shape_of(content, layout.root)
    for section in SECTIONS:
        entries = [] if section in layout.sections else _entries(missing, section, is_ascii)
        if entries:
            yield section, shape.section(entries)


def _insertion(content: bytes, node: Node, entries: list[Entry]) -> list[Edit]:
    """New members at the end of an object, behind a comment that belongs to its last one."""
    if not entries:
        return []
    shape, members = shape_of(content, node), members_of(node)
    has_comma = [part.type for part in node.children if part.type not in COMMENTS][-2] == ","
    place, is_line_comment = _place(content, node)
    is_broken = shape.is_multiline or is_line_comment
    between = shape.line_break if is_broken else shape.gap
    text = (between if is_broken or members else shape.padding) + shape.pairs(entries, between)
    text += "," if has_comma else ""
    if not members:
        text += _closing(shape, content[place : node.end_byte - 1], is_broken)
    comma = [] if has_comma or not members else [Edit(members[-1].end_byte, members[-1].end_byte, ",")]
    return [*comma, Edit(place, place, text)]


def _closing(shape: Shape, rest: bytes, is_broken: bool) -> str:
    """What an object that was empty needs before its closing brace."""
    if is_broken:
        return "" if LINE_END.search(rest) else shape.newline + shape.base
    return "" if rest else shape.padding


def _place(content: bytes, node: Node) -> tuple[int, bool]:
    """Where a new member begins, and whether a line comment ends there."""
    parts = node.children[:-1]
    last = max(index for index, part in enumerate(parts) if part.type not in COMMENTS)
    place, is_line_comment = parts[last].end_byte, False
    for comment in parts[last + 1 :]:
        if LINE_END.search(content, place, comment.start_byte):
            break
        place, is_line_comment = comment.end_byte, not (comment.text or b"").startswith(b"/*")
    return place, is_line_comment
