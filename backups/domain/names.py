"""Names in archives: bytes, which nobody has to believe. As text they are visible, inert and can be read back."""

from __future__ import annotations

import re

from backups.domain.reading import name_parts

_ESCAPE = re.compile(rb"\\(\\|x[0-9a-f]{2})")


def show_name(raw: bytes) -> str:
    r"""``M\xfcller`` for bytes that are no UTF-8, and so for all that cannot be seen: line ends, marks that turn the
    direction of writing, strange spaces. A backslash is doubled, so that ``read_name`` finds the bytes again."""
    text = raw.decode("utf-8", "surrogateescape")
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(map(_show_character, text))


def _show_character(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if character.isprintable():
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))


def read_name(text: str) -> bytes:
    """The bytes of what ``show_name`` has made."""
    return _ESCAPE.sub(_unescape, text.encode("utf-8", "surrogateescape"))


def _unescape(match: re.Match[bytes]) -> bytes:
    code = match[1]
    return code if code == b"\\" else bytes.fromhex(code[1:].decode())


def plain_path(raw: bytes) -> bytes:
    """``./a//b/`` -> ``a/b``; the folder itself is empty."""
    return b"/".join(name_parts(raw))


def lies_within(path: bytes, folder: bytes) -> bool:
    """Whether a plain path is ``folder`` or lies in it; all lie in the empty one."""
    return not folder or path == folder or path.startswith(folder + b"/")


def parent_of(path: bytes) -> bytes:
    return path.rpartition(b"/")[0]
