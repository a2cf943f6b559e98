"""From the bytes of a ``settings.js`` to the one object that it exports, or the reason why there is none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import tree_sitter_javascript
from tree_sitter import Language, LogType, Node, Parser

from selfservice.domain.errors import SettingsRefusedError
from selfservice.domain.settings_js.refusals import Reason

LINE_END = re.compile(rb"\r\n|\r|\n")
COMMENTS = ("comment", "html_comment")
_CONFLICT = re.compile(rb"^(<<<<<<<|=======|>>>>>>>)( |\r?$)", re.MULTILINE)
_TYPESCRIPT = re.compile(
    rb"^\s*(interface|type|declare|enum|namespace)\s+\w+|^\s*(export|import\s+\w+)\s*=|\bas\s+\w+|"
    rb"\bsatisfies\s+\w+|(const|let|var)\s+\w+\s*:|import\s+type\b",
    re.MULTILINE,
)
_QUOTES = "‘’‚‛“”„‟«»‹›"
_PROCESSED = re.compile(r"process version:.* row:(\d+),")
_JAVASCRIPT = Language(tree_sitter_javascript.language())


def line_of(content: bytes, offset: int) -> int:
    """The line of a byte, from 1."""
    return len(LINE_END.findall(content, 0, offset)) + 1


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it, in the order of the file."""
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.children))


def text_of(node: Node) -> str:
    """Its text as node reads it: bytes that are no UTF-8 become U+FFFD."""
    return (node.text or b"").decode("utf-8", "replace")


def parse(content: bytes) -> Node:
    """The root of the tree, even of a file that is broken."""
    return Parser(_JAVASCRIPT).parse(content).root_node


def refused(content: bytes, reason: Reason, node: Node | None = None) -> SettingsRefusedError:
    return SettingsRefusedError(reason, line_of(content, node.start_byte) if node else 0)


def parse_sound(content: bytes) -> Node:
    """The root of a tree without errors. Raises ``SettingsRefusedError``."""
    if b"\0" in content:  # UTF-16, or no text at all
        raise refused(content, Reason.ENCODING)
    root = parse(content)
    nodes = list(walk(root))
    broken = next((node for node in nodes if node.is_error or node.is_missing), None)
    if broken:
        raise _explain(content, root, broken)
    for node in nodes:
        _refuse_unsound(content, node)
    return root


def _explain(content: bytes, root: Node, broken: Node) -> SettingsRefusedError:
    """The commonest reasons by their name, at their own line; what comments and texts say is no reason."""
    code = _without_words(content, root)
    quotes = re.compile("|".join(_QUOTES).encode())
    found = {
        Reason.CONFLICT: _CONFLICT.search(content),
        Reason.TYPESCRIPT: _TYPESCRIPT.search(code),
        Reason.QUOTES: quotes.search(code, broken.start_byte, broken.end_byte),
    }
    for reason, match in found.items():
        if match:
            blanks = len(match[0]) - len(match[0].lstrip())
            return SettingsRefusedError(reason, line_of(content, match.start() + blanks))
    return SettingsRefusedError(Reason.SYNTAX, _stop_line(content) or line_of(content, broken.start_byte))


def _stop_line(content: bytes) -> int:
    """The line in which the last sign stands that still fits; 0 when the parser does not tell.

    The error in the tree may begin far above: one brace too many makes one of the whole object.
    """
    row, stops = 0, []

    def note(_kind: LogType, message: str) -> None:
        nonlocal row
        if match := _PROCESSED.match(message):
            row = int(match[1])
        elif message.startswith("resume version"):  # no other reading is left
            stops.append(row + 1)

    parser = Parser(_JAVASCRIPT)
    parser.logger = note
    parser.parse(content)
    return stops[0] if stops else 0


def _without_words(content: bytes, root: Node) -> bytes:
    """The file with blanks for its comments and texts."""
    code = bytearray(content)
    for node in walk(root):
        if node.type in (*COMMENTS, "string", "template_string"):
            code[node.start_byte : node.end_byte] = b" " * (node.end_byte - node.start_byte)
    return bytes(code)


def _refuse_unsound(content: bytes, node: Node) -> None:
    """What this grammar lets pass and node does not."""
    if node.type.startswith("jsx_"):
        raise refused(content, Reason.JSX, node)
    if node.type in ("identifier", "property_identifier", "shorthand_property_identifier"):
        name = text_of(node)
        if any(sign in _QUOTES for sign in name):
            raise refused(content, Reason.QUOTES, node)
        if "\\" not in name and not name.replace("$", "_").isidentifier():
            raise refused(content, Reason.SYNTAX, node)
    if node.type == "object":
        parts = [child for child in node.children if child.type not in COMMENTS]
        for before, part in pairwise(parts):
            if part.type == "," and before.type in ("{", ","):
                raise refused(content, Reason.SYNTAX, part)


def unwrap(node: Node) -> Node:
    """What is in the parentheses."""
    while node.type == "parenthesized_expression":
        inner = [child for child in node.named_children if child.type not in COMMENTS]
        if len(inner) != 1:
            break
        node = inner[0]
    return node
