"""What GNU tar writes to stderr while it packs (LC_ALL=C): every line is understood, or it is an error."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from backups.domain.manifest import Skipped
from oobsite.errors import printable

# The texts of GNU tar 1.34 and 1.35 (src/create.c, src/misc.c, src/xattrs.c).
_PATTERNS = [
    (re.compile(r"socket ignored$"), "socket"),
    (re.compile(r"Unknown file type; file ignored$"), "special"),
    (re.compile(r"file is on a different filesystem; not dumped$"), "other-filesystem"),
    (re.compile(r"file changed as we read it$"), "changed"),
    (re.compile(r"File shrank by \d+ bytes?; padding with zeros$"), "changed"),
    (re.compile(r"File removed before we read it$"), "vanished"),
    (
        re.compile(r"(?:Warning: )?Cannot (?:open|stat|readlink|savedir|read): No such file or directory$"),
        "vanished",
    ),
    (re.compile(r"(?:Warning: )?Cannot (?:open|stat|readlink|savedir): .+$"), "unreadable"),
    (re.compile(r"(?:Warning: )?Read error at byte \d+, while reading \d+ bytes?: .+$"), "read-error"),
    (re.compile(r"(?:Warning: )?Cannot (?:read|seek to \d+): .+$"), "read-error"),
    (re.compile(r"Warning: Cannot (?:l|f)?(?:list|get)xattr(?:at)?: .+$"), "attributes"),
    (re.compile(r"Warning: Cannot acl_get_file(?:at)?: .+$"), "attributes"),
]
_LAST_LINE = "tar: Exiting with failure status due to previous errors"
# What a tar that ends with status 2 may have met without the archive being worth less for it.
UNREADABLE = frozenset({"unreadable", "unreadable-folder", "read-error", "vanished"})
# For a database each of these means that the set is not one state.
DANGEROUS = UNREADABLE | {"changed"}


def parse_tar_line(line: bytes) -> Skipped | None:
    """Return the file that a line is about, None for the closing line. Raises ``ValueError`` for any other."""
    text = os.fsdecode(line.rstrip(b"\n"))
    if text == _LAST_LINE:
        return None
    for pattern, reason in _PATTERNS:
        found = re.match(rf"tar: (?P<name>.*): {pattern.pattern}", text, re.DOTALL)
        if found:
            return Skipped(_unescape(found["name"].removesuffix(": Warning")), reason)
    raise ValueError(text)


def _unescape(name: str) -> str:
    r"""Undo tar's quoting style "escape": ``\344`` and ``\n`` become bytes again; ``./`` in front goes."""
    raw = os.fsencode(name).decode("latin-1")
    simple = {
        "n": "\n",
        "t": "\t",
        "r": "\r",
        "b": "\b",
        "f": "\f",
        "v": "\v",
        "a": "\a",
        "\\": "\\",
        '"': '"',
    }

    def replace(match: re.Match[str]) -> str:
        code = match[1]
        return chr(int(code, 8)) if code[0] in "01234567" else simple.get(code, code)

    plain = re.sub(r"\\([0-7]{3}|.)", replace, raw, flags=re.DOTALL)
    return os.fsdecode(plain.encode("latin-1").removeprefix(b"./"))


def parse_tar_log(lines: Iterable[bytes], folder: Path) -> list[Skipped]:
    """Parse all lines; folders that could not be entered are named as such. Raises ``ValueError``."""
    found = [skipped for line in lines if (skipped := parse_tar_line(line)) is not None]
    return [_describe(skipped, folder) for skipped in found]


def _describe(skipped: Skipped, folder: Path) -> Skipped:
    """Name folders as such; names in other encodings become words that every file and database takes."""
    is_folder = skipped.reason == "unreadable" and (folder / skipped.name).is_dir()
    return Skipped(printable(skipped.name.rstrip("/")), "unreadable-folder" if is_folder else skipped.reason)
