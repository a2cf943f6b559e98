"""What changed between two states of the file, for people to read: secrets are masked in both.

Not the password of the mail server alone: an old ``settings.js`` holds those of the database and of Webelexis too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher

from tree_sitter import Node

from selfservice.domain.errors import SettingsRefusedError
from selfservice.domain.settings_js import read_settings
from selfservice.domain.settings_js.parsing import COMMENTS, parse, text_of, walk
from selfservice.domain.settings_js.values import decode_string

MASK = "••••••••"
_CONTEXT = 3
_SECRET_NAME = re.compile(r"pwd|pass|secret|salt|token|api_?key", re.IGNORECASE)
_NAME_OF_ONE = re.compile(r"pwd|pass|passwor[dt]|passphrase|secret|salt|token|api_?key", re.IGNORECASE)
#: The rest of a line behind such a name, where the tree has none: in comments and in broken files.
_IN_TEXT = re.compile(rb"(?:pwd|pass|secret|salt|token|api_?key)\w*[\"']?\s*[:=]\s*([^\r\n]+)", re.IGNORECASE)
_SHORTEST = 3  # a shorter secret elsewhere in the file is a word like any other
_LITERALS = ("string", "template_string", "number", "regex")

Span = tuple[int, int]


def masked_diff(old: bytes, new: bytes, *, old_name: str = "settings.js", new_name: str = "settings.js") -> str:
    """A unified diff, empty when the files are equal. A changed password shows as a changed line."""
    if old == new:
        return ""
    secrets = _secrets(old) | _secrets(new)
    before, after = (_lines(content.decode("latin-1")) for content in (old, new))
    shown = [_lines(_mask(content, secrets)) for content in (old, new)]
    groups = SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(_CONTEXT)
    hunks = [line for group in groups for line in _hunk(group, *shown)]
    return "\n".join([f"--- {old_name}", f"+++ {new_name}", *hunks]) + "\n"


def masked(content: bytes) -> str:
    """The file as text with its secrets masked, also in expressions and where the file cannot be read."""
    return _mask(content, _secrets(content))


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _hunk(group: list[tuple[str, int, int, int, int]], old: list[str], new: list[str]) -> Iterator[str]:
    first, last = group[0], group[-1]
    yield f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@"
    for tag, old_from, old_to, new_from, new_to in group:
        if tag == "equal":
            yield from (f" {line}" for line in old[old_from:old_to])
        else:
            yield from (f"-{line}" for line in old[old_from:old_to])
            yield from (f"+{line}" for line in new[new_from:new_to])


def _range(start: int, end: int) -> str:
    """An empty one stands behind the line ``start``."""
    return f"{start + 1 if end > start else start},{end - start}"


def _mask(content: bytes, secrets: set[bytes]) -> str:
    spans = [*_spans(content), *(span for secret in secrets for span in _occurrences(content, secret))]
    mask = MASK.encode()
    for start, end in _joined(spans):
        # Line ends stay, so that a line of the mask is a line of the file.
        lines = [mask if line.strip() else line for line in content[start:end].split(b"\n")]
        content = content[:start] + b"\n".join(lines) + content[end:]
    return content.decode("utf-8", "backslashreplace").replace("\r", "")


def _joined(spans: list[Span]) -> list[Span]:
    """Without overlaps, the last one first."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined[::-1]


def _spans(content: bytes) -> Iterator[Span]:
    """Where the secrets of one file stand."""
    root = parse(content)
    for node in _secret_nodes(root, _SECRET_NAME.search):
        yield node.start_byte, node.end_byte
    for text in _loose_texts(content, root):
        for match in _IN_TEXT.finditer(text.text or b""):
            yield text.start_byte + match.start(1), text.start_byte + match.end(1)


def _loose_texts(content: bytes, root: Node) -> list[Node]:
    """Where a secret may stand outside the tree: in comments, and anywhere in a file that is refused."""
    try:
        read_settings(content)
    except SettingsRefusedError:
        return [root]
    return [node for node in walk(root) if node.type in COMMENTS]


def _secret_nodes(root: Node, is_secret: Callable[[str], object]) -> Iterator[Node]:
    """The literals in the value of every key, and in every variable, whose name says that it is secret."""
    names: set[str] = set()
    nodes = list(walk(root))
    for _round in range(2):  # a key may take its value from a variable of another name
        for node in nodes:
            key, value = _named(node)
            if value is None or not (is_secret(key) or key in names):
                continue
            inner = list(walk(value))
            names |= {text_of(one) for one in inner if one.type in ("identifier", "shorthand_property_identifier")}
            yield from (one for one in inner if one.type in _LITERALS)


def _named(node: Node) -> tuple[str, Node | None]:
    if node.type in ("pair", "variable_declarator", "assignment_expression"):
        fields = {"pair": "key", "variable_declarator": "name"}
        name = node.child_by_field_name(fields.get(node.type, "left"))
        value = node.child_by_field_name("value") or node.child_by_field_name("right")
        return _plain_name(name), value
    return "", None


def _plain_name(node: Node | None) -> str:
    return decode_string(text_of(node).strip("\"'[]`")) if node else ""


def _secrets(content: bytes) -> set[bytes]:
    """The secrets themselves, as written and as meant, to find them in other places such as comments.

    Not those of ``passwordField: "password"``: such a word is no secret, and stands everywhere.
    """
    found = set()
    for node in _secret_nodes(parse(content), _NAME_OF_ONE.fullmatch):
        body = (node.text or b"").strip(b"\"'`")
        meant = decode_string(body.decode("utf-8", "replace")).encode("utf-8", "replace")
        found |= {one for one in (body, meant) if len(one) >= _SHORTEST}
    return found


def _occurrences(content: bytes, secret: bytes) -> Iterator[Span]:
    at = content.find(secret)
    while at >= 0:
        yield at, at + len(secret)
        at = content.find(secret, at + len(secret))
