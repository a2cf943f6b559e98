"""The file as people may see it: with a mask in place of every secret.

Not of the password of the mail server alone: an old ``settings.js`` holds those of the database and of Webelexis too.
Rather too much is masked than too little.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tree_sitter import Node

from selfservice.domain.errors import SettingsRefusedError
from selfservice.domain.settings_js import read_settings
from selfservice.domain.settings_js.parsing import COMMENTS, parse, text_of, walk
from selfservice.domain.settings_js.values import decode_string

MASK = "••••••••"
_NAMES = r"pwd|pass|secret|geheim|kennwort|salt|token|credential|api_?key"
_SECRET_NAME = re.compile(rf"{_NAMES}|(pw|key)$", re.IGNORECASE)
_NAME_OF_ONE = re.compile(r"pwd|pass|passwor[dt]|passphrase|kennwort|secret|salt|token|api_?key|pw|key", re.IGNORECASE)
#: Such a name and the rest of its line, the next line too behind a colon.
_REST_OF_LINE = re.compile(rf"(?:{_NAMES})(?:[\w\"']*\s*[:=]\s*)?[^\r\n]*".encode(), re.IGNORECASE)
#: mysql://user:secret@host, and server=host;pwd=secret
_IN_TEXT = re.compile(rf"://[^\s\"'`]*?:([^\s\"'`]+)@|(?:{_NAMES})\w*\s*=\s*([^\s;&\"'`]+)".encode(), re.IGNORECASE)
_SHORTEST = 3  # a shorter secret elsewhere in the file is a word like any other
_TEXTS = ("string", "template_string")
_LITERALS = (*_TEXTS, "number", "regex")
_IDENTIFIERS = ("identifier", "shorthand_property_identifier")
#: What has a name and what the name stands for, by their fields.
_NAMED = {
    "pair": ("key", "value"),
    "variable_declarator": ("name", "value"),
    "assignment_expression": ("left", "right"),
    "assignment_pattern": ("left", "right"),
    "object_assignment_pattern": ("left", "right"),
    "binary_expression": ("left", "right"),
    "field_definition": ("property", "value"),
    "call_expression": ("function", "arguments"),
    "method_definition": ("name", "body"),
    "function_declaration": ("name", "body"),
}

Span = tuple[int, int]


def masked(content: bytes) -> str:
    """The file as text with its secrets masked, also in expressions and where the file cannot be read."""
    return mask(content, secrets_of(content))


def masked_expression(expression: str, content: bytes) -> str:
    """An expression that stands in ``content``, with what is secret in either masked."""
    is_member = expression.startswith("...")
    before, after = f"module.exports={{schedule:{{}},smtp:{{{'' if is_member else 'x:'}", "}}"
    shown = mask(f"{before}{expression}{after}".encode(), secrets_of(content))
    return shown.removeprefix(before).removesuffix(after) if shown.startswith(before) else MASK


def secrets_of(content: bytes) -> set[bytes]:
    """The secrets themselves, as written and as meant, to find them in other places such as comments.

    Not those of ``passwordField: "password"``: such a word is no secret, and stands everywhere.
    """
    found = set()
    for node in _secret_nodes(parse(content), _NAME_OF_ONE.fullmatch):
        body = (node.text or b"")[1:-1] if node.type in _TEXTS else node.text or b""
        meant = decode_string(body.decode("utf-8", "replace")).encode("utf-8", "replace")
        found |= {one for one in (body, meant) if len(one) >= _SHORTEST}
    return found


def mask(content: bytes, secrets: set[bytes]) -> str:
    """``content`` as text, its own secrets and these masked; every line stays one."""
    parts, end = [], 0
    for span in _joined(_spans(content, secrets)):
        # Line ends stay, so that a line of the mask is a line of the file.
        lines = [MASK.encode() if line.strip() else line for line in content[slice(*span)].split(b"\n")]
        parts += [content[end : span[0]], b"\n".join(lines)]
        end = span[1]
    return b"".join([*parts, content[end:]]).decode("utf-8", "backslashreplace").replace("\r", "")


def _joined(spans: Iterator[Span]) -> list[Span]:
    """In their order, without overlaps."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _spans(content: bytes, secrets: set[bytes]) -> Iterator[Span]:
    """Where the secrets of a file stand."""
    root = parse(content)
    for node in _secret_nodes(root, _SECRET_NAME.search):
        yield node.start_byte, node.end_byte
    known = re.compile(b"|".join(map(re.escape, sorted(secrets, key=len, reverse=True)))) if secrets else None
    for node in _places(content, root):
        for pattern in filter(None, (_IN_TEXT, known)):
            yield from _found(pattern, node)
        if node.type not in _LITERALS:
            yield from _lines(node)


def _places(content: bytes, root: Node) -> list[Node]:
    """Where words of people stand: in texts and comments, and anywhere in a file that is refused.

    A name of the file is none: its mask would tell that the password is the same word.
    """
    try:
        read_settings(content)
    except SettingsRefusedError:
        return [root]
    return [node for node in walk(root) if node.type in (*COMMENTS, *_LITERALS)]


def _found(pattern: re.Pattern[bytes], node: Node) -> Iterator[Span]:
    for match in pattern.finditer(node.text or b""):
        start, end = match.span(match.lastindex or 0)
        yield node.start_byte + start, node.start_byte + end


def _lines(node: Node) -> Iterator[Span]:
    """Whole lines that speak of a secret, where the tree tells no name from a value: in comments, in broken files."""
    text = node.text or b""
    for match in _REST_OF_LINE.finditer(text):
        start = max(text.rfind(b"\n", 0, match.start()), text.rfind(b"\r", 0, match.start())) + 1
        yield node.start_byte + start, node.start_byte + match.end()


def _secret_nodes(root: Node, is_secret: Callable[[str], object]) -> Iterator[Node]:
    """The literals in the value of every key, and in every variable, whose name says that it is secret."""
    named = [(_plain_name(name), value) for name, value in map(_named, walk(root)) if value is not None]
    known, names = -1, set[str]()
    while known < len(names):  # a key may take its value from a variable of another name, and that from a third one
        known = len(names)
        for key, value in named:
            if is_secret(key) or key in names:
                inner = list(walk(value))
                yield from (one for one in inner if one.type in _LITERALS)
                if value.type != "statement_block":
                    names |= {text_of(one) for one in inner if one.type in _IDENTIFIERS}


def _named(node: Node) -> tuple[Node | None, Node | None]:
    name, value = _NAMED.get(node.type, ("", ""))
    return (node.child_by_field_name(name), node.child_by_field_name(value)) if name else (None, None)


def _plain_name(node: Node | None) -> str:
    return decode_string(text_of(node).strip("\"'[]`")) if node else ""
